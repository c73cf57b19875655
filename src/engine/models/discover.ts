// Finds the models that can be had: from the environment, and servers on this machine.
import type { ModelCatalogue } from '../model.ts';
import { createAnthropicProvider, listAnthropicModels } from './anthropic.ts';
import { createCatalogue } from './catalogue.ts';
import { createDemoModels } from './demo.ts';
import { createGgufModel } from './gguf.ts';
import { createGoogleProvider, googleUrl, listGoogleModels } from './google.ts';
import { getJson, idsOf } from './listing.ts';
import { findLlamaCpp, findOllama, type Found } from './local.ts';
import { createOpenAiProvider } from './openai.ts';

export interface DiscoverOptions {
  /**
   * What is read: `OPENAI_API_KEY`, `OPENAI_BASE_URL`; `ANTHROPIC_API_KEY`, `ANTHROPIC_BASE_URL`;
   * `GOOGLE_GENERATIVE_AI_API_KEY` or `GEMINI_API_KEY`; `VERBATIM_GGUF`, the path of a .gguf file.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A port of this machine that is our own and is not asked. */
  readonly ownPort?: number | undefined;
  /** Where Google's API lives. Default: https://generativelanguage.googleapis.com/v1beta. */
  readonly googleUrl?: string | undefined;
  /** Where Ollama listens by default. Default: http://127.0.0.1:11434. */
  readonly ollamaUrl?: string | undefined;
  /** Where llama.cpp's server listens by default. Default: http://127.0.0.1:8080. */
  readonly llamaCppUrl?: string | undefined;
}

export interface Discovery {
  readonly catalogue: ModelCatalogue;
  /** What a person should know: a provider that is set up but did not answer. */
  readonly warnings: readonly string[];
}

const remoteTimeoutMs = 3_000; // Chosen: the start waits no longer for a list of models.

/** The demo models, and those of every provider that is set up or found. Never throws. */
export async function discoverModels(options: DiscoverOptions): Promise<Discovery> {
  const { env, ownPort, ollamaUrl = 'http://127.0.0.1:11434', llamaCppUrl = 'http://127.0.0.1:8080' } = options;
  const warnings: string[] = [];
  const isOwn = Number(new URL(llamaCppUrl).port) === ownPort;
  const sources = await Promise.all([
    findOpenAi({ env, warnings }),
    findAnthropic({ env, warnings }),
    findGoogle({ env, warnings }, options.googleUrl),
    findOllama(ollamaUrl),
    isOwn ? undefined : findLlamaCpp(llamaCppUrl),
  ]);
  const found = sources.filter((source) => source !== undefined);
  const models = found.flatMap(({ provider, listed }) => listed.map(({ id, known }) => provider.model(id, known)));
  const gguf = env['VERBATIM_GGUF'] ? [createGgufModel({ path: env['VERBATIM_GGUF'] })] : [];
  const providers = found.map(({ provider }) => provider);
  return { catalogue: createCatalogue([...createDemoModels(), ...models, ...gguf], providers), warnings };
}

interface Env {
  readonly env: DiscoverOptions['env'];
  readonly warnings: string[];
}

async function findOpenAi({ env, warnings }: Env): Promise<Found | undefined> {
  const apiKey = env['OPENAI_API_KEY'] || undefined;
  const given = env['OPENAI_BASE_URL'] || undefined;
  if (apiKey === undefined && given === undefined) return undefined;
  const baseUrl = addressIn(given ?? 'https://api.openai.com/v1', 'OPENAI_BASE_URL', warnings);
  if (baseUrl === undefined) return undefined;
  const headers: Record<string, string> = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` };
  const names = idsOf(await getJson(`${baseUrl.replace(/\/$/, '')}/models`, { timeoutMs: remoteTimeoutMs, headers }));
  if (names.length === 0) warnings.push(noList(baseUrl, 'openai', 'OPENAI_API_KEY and OPENAI_BASE_URL'));
  // OpenAI itself lists models for pictures, speech and search beside those that chat.
  const chats = new URL(baseUrl).hostname === 'api.openai.com' ? names.filter(isChatModel) : names;
  return { provider: createOpenAiProvider({ id: 'openai', baseUrl, apiKey }), listed: chats.map((id) => ({ id })) };
}

function isChatModel(name: string): boolean {
  return /^(gpt-|chatgpt-|o[0-9])/.test(name) && !/(audio|realtime|image|transcribe|tts|search|instruct)/.test(name);
}

async function findAnthropic({ env, warnings }: Env): Promise<Found | undefined> {
  const apiKey = env['ANTHROPIC_API_KEY'];
  if (!apiKey) return undefined;
  const given = env['ANTHROPIC_BASE_URL'] || 'https://api.anthropic.com';
  const baseUrl = addressIn(given, 'ANTHROPIC_BASE_URL', warnings);
  if (baseUrl === undefined) return undefined;
  const listed = await listAnthropicModels({ apiKey, baseUrl }, remoteTimeoutMs);
  if (listed.length === 0) warnings.push(noList(baseUrl, 'anthropic', 'ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL'));
  return { provider: createAnthropicProvider({ apiKey, baseUrl }), listed };
}

async function findGoogle({ env, warnings }: Env, baseUrl = googleUrl): Promise<Found | undefined> {
  const apiKey = env['GOOGLE_GENERATIVE_AI_API_KEY'] || env['GEMINI_API_KEY'];
  if (!apiKey) return undefined;
  const listed = await listGoogleModels({ apiKey, baseUrl }, remoteTimeoutMs);
  if (listed.length === 0) warnings.push(noList(baseUrl, 'google', 'GEMINI_API_KEY'));
  return { provider: createGoogleProvider({ apiKey, baseUrl }), listed };
}

function addressIn(text: string, variable: string, warnings: string[]): string | undefined {
  if (URL.canParse(text)) return text;
  warnings.push(`Expected ${variable} to be an address such as https://api.openai.com/v1, got "${text}".`);
  return undefined;
}

function noList(baseUrl: string, provider: string, variables: string): string {
  return `${new URL(baseUrl).host} gave no list of models. Name one yourself: --model ${provider}/<name>. Check ${variables} if that fails.`;
}
