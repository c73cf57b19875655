// Finds the models that can be had: from the environment, and servers on this machine.
import { isRecord } from '../../core/json.ts';
import type { Model, ModelCatalogue } from '../model.ts';
import { createCatalogue, type ModelProvider } from './catalogue.ts';
import { createDemoModels } from './demo.ts';
import { createOpenAiProvider } from './openai.ts';

export interface DiscoverOptions {
  /** `OPENAI_API_KEY` and `OPENAI_BASE_URL` are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A port of this machine that is our own and is not asked. */
  readonly ownPort?: number | undefined;
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

const localTimeoutMs = 200; // A server on this machine answers at once, or is not there.
const remoteTimeoutMs = 3_000; // Chosen: the start waits no longer for a list of models.

/** The demo models, and those of every provider that is set up or found. Never throws. */
export async function discoverModels(options: DiscoverOptions): Promise<Discovery> {
  const warnings: string[] = [];
  const found = await Promise.all([findOpenAi(options, warnings), findOllama(options), findLlamaCpp(options)]);
  const providers = found.flatMap((source) => (source === undefined ? [] : [source.provider]));
  const models: Model[] = found.flatMap((source) => source?.names.map((name) => source.provider.model(name)) ?? []);
  return { catalogue: createCatalogue([...createDemoModels(), ...models], providers), warnings };
}

interface Source {
  readonly provider: ModelProvider;
  readonly names: readonly string[];
}

async function findOpenAi({ env }: DiscoverOptions, warnings: string[]): Promise<Source | undefined> {
  const apiKey = env['OPENAI_API_KEY'] || undefined;
  const given = env['OPENAI_BASE_URL'] || undefined;
  if (apiKey === undefined && given === undefined) return undefined;
  const baseUrl = given ?? 'https://api.openai.com/v1';
  if (!URL.canParse(baseUrl)) {
    warnings.push(`Expected OPENAI_BASE_URL to be an address such as https://api.openai.com/v1, got "${baseUrl}".`);
    return undefined;
  }
  const provider = createOpenAiProvider({ id: 'openai', baseUrl, apiKey });
  const names = idsOf(await getJson(`${baseUrl.replace(/\/$/, '')}/models`, remoteTimeoutMs, apiKey));
  if (names.length === 0) {
    warnings.push(
      `${new URL(baseUrl).host} gave no list of models. Name one yourself: --model openai/<name>. Check OPENAI_API_KEY and OPENAI_BASE_URL if that fails.`,
    );
  }
  // OpenAI itself lists models for pictures, speech and search beside those that chat.
  const chats = given === undefined ? names.filter(isChatModel) : names;
  return { provider, names: chats };
}

function isChatModel(name: string): boolean {
  return /^(gpt-|chatgpt-|o[0-9])/.test(name) && !/(audio|realtime|image|transcribe|tts|search|instruct)/.test(name);
}

async function findOllama({ ollamaUrl = 'http://127.0.0.1:11434' }: DiscoverOptions): Promise<Source | undefined> {
  const tags = await getJson(`${ollamaUrl}/api/tags`, localTimeoutMs);
  if (!isRecord(tags) || !Array.isArray(tags['models'])) return undefined;
  const names = tags['models'].flatMap((model: unknown) =>
    isRecord(model) && typeof model['name'] === 'string' ? [model['name']] : [],
  );
  return { provider: createOpenAiProvider({ id: 'ollama', baseUrl: `${ollamaUrl}/v1` }), names };
}

async function findLlamaCpp(options: DiscoverOptions): Promise<Source | undefined> {
  const url = options.llamaCppUrl ?? 'http://127.0.0.1:8080';
  if (Number(new URL(url).port) === options.ownPort) return undefined;
  const answer = await getJson(`${url}/v1/models`, localTimeoutMs);
  // Any program may listen on that port: only one that says what it is, is taken.
  const data = isRecord(answer) && Array.isArray(answer['data']) ? answer['data'] : [];
  const isLlamaCpp = data.some((model: unknown) => isRecord(model) && model['owned_by'] === 'llamacpp');
  if (!isLlamaCpp) return undefined;
  // A file's path serves as the id; its last part is what a person wants to read and type.
  const names = idsOf(answer).map((id) => id.split('/').at(-1) ?? id);
  return { provider: createOpenAiProvider({ id: 'llamacpp', baseUrl: `${url}/v1` }), names };
}

function idsOf(answer: unknown): string[] {
  const data = isRecord(answer) && Array.isArray(answer['data']) ? answer['data'] : [];
  const ids = data.flatMap((model: unknown) =>
    isRecord(model) && typeof model['id'] === 'string' ? [model['id']] : [],
  );
  return ids.toSorted();
}

/** The JSON that is at the address, or undefined where there is none in time. */
async function getJson(url: string, timeoutMs: number, apiKey?: string): Promise<unknown> {
  try {
    const headers = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined; // Nothing listens there, or it is something else.
  }
}
