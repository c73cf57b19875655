// OpenAI, and every endpoint that speaks its Chat Completions format.
import type { LanguageModelV4 } from '@ai-sdk/provider';
import type { Model } from '../model.ts';
import { fromAiSdk } from './ai-sdk.ts';
import type { KnownModel, ModelProvider } from './catalogue.ts';
import { createResponsesModel } from './openai-responses.ts';

export interface OpenAiOptions {
  /** The part before the slash in its models' ids: `openai`, `ollama`. */
  readonly id: string;
  /** Where the API lives, with its version: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Sent as a bearer token; never in an error or a log. */
  readonly apiKey?: string | undefined;
  /**
   * Whether answers are written in the background, by the Responses API, from where a server that takes
   * over gets the rest. The provider keeps each for some minutes. Default: with api.openai.com.
   */
  readonly background?: boolean | undefined;
  /** Whether the endpoint goes on behind an assistant message at the end, as llama.cpp's. Default: no. */
  readonly continuesPrefix?: boolean | undefined;
}

export function createOpenAiProvider(options: OpenAiOptions): ModelProvider {
  const { id, baseUrl, apiKey } = options;
  const source = { name: `${id} at ${new URL(baseUrl).host}`, apiKey };
  if (options.background ?? new URL(baseUrl).hostname === 'api.openai.com') {
    return {
      id,
      model: (name, known) =>
        createResponsesModel({ provider: id, name, known: { ...knownOf(name), ...known }, baseUrl, source }),
    };
  }
  return {
    id,
    model(name, known): Model {
      // Chat Completions starts a new message each time, but for servers that are known to go on in the last.
      const { continuesPrefix = false } = options;
      const info = { id: `${id}/${name}`, name, demo: false, continuesPrefix, ...known };
      return fromAiSdk({ info, source, load: () => loadChatModel(name, options) });
    },
  };
}

async function loadChatModel(name: string, { id, baseUrl, apiKey }: OpenAiOptions): Promise<LanguageModelV4> {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const provider = createOpenAICompatible({
    name: id,
    baseURL: baseUrl,
    includeUsage: true,
    transformRequestBody: withoutThinkingInPrefix,
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  return provider.chatModel(name);
}

/**
 * [llama.cpp, tools/server/server-common.cpp]: it refuses to go on in an answer while its template thinks.
 * Only such an endpoint is ever asked to go on.
 */
function withoutThinkingInPrefix(body: Record<string, unknown>): Record<string, unknown> {
  const last: unknown = Array.isArray(body['messages']) ? body['messages'].at(-1) : undefined;
  const isPrefix = typeof last === 'object' && last !== null && 'role' in last && last.role === 'assistant';
  return isPrefix ? { ...body, chat_template_kwargs: { enable_thinking: false } } : body;
}

/** What can be told from OpenAI's names, for its list of models says nothing more. */
function knownOf(name: string): KnownModel {
  const isReasoning = /^(o\d|gpt-[5-9])/.test(name) && !name.includes('chat');
  const isText = /^(gpt-3|gpt-4$|gpt-4-0|o1-mini|o1-preview|o3-mini)/.test(name);
  const isOld = /^(o1-mini|o1-preview|chatgpt-)/.test(name);
  return { reasons: isReasoning, takesImages: !isText, callsTools: !isOld };
}
