// Every endpoint that speaks OpenAI's Chat Completions format, through the AI SDK's provider.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { isRecord } from '../../core/json.ts';
import { messageOf, StreamError } from '../../core/errors.ts';
import type { FinishReason } from '../../conversation/run.ts';
import type { Model, ModelMessage, ModelPart, ModelRequest } from '../model.ts';
import type { ModelProvider } from './catalogue.ts';

export interface OpenAiOptions {
  /** The part before the slash in its models' ids: `openai`, `ollama`. */
  readonly id: string;
  /** Where the API lives, with its version: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Sent as a bearer token; never in an error or a log. */
  readonly apiKey?: string | undefined;
}

export function createOpenAiProvider(options: OpenAiOptions): ModelProvider {
  const provider = createOpenAICompatible({
    name: options.id,
    baseURL: options.baseUrl,
    includeUsage: true,
    ...(options.apiKey === undefined ? {} : { apiKey: options.apiKey }),
  });
  return {
    id: options.id,
    model(name): Model {
      const chat = provider.chatModel(name);
      return {
        id: `${options.id}/${name}`,
        name,
        demo: false,
        // Chat Completions starts a new message each time; it cannot go on inside one.
        continuesPrefix: false,
        stream: (request) => streamParts(chat, request, options),
      };
    },
  };
}

type ChatModel = ReturnType<ReturnType<typeof createOpenAICompatible>['chatModel']>;
type Prompt = Parameters<ChatModel['doStream']>[0]['prompt'];

async function* streamParts(
  chat: ChatModel,
  { messages, signal }: ModelRequest,
  options: OpenAiOptions,
): AsyncGenerator<ModelPart> {
  try {
    const { stream } = await chat.doStream({ prompt: messages.map(promptOf), abortSignal: signal });
    for await (const part of stream) {
      if (part.type === 'text-delta') yield { type: 'text', text: part.delta };
      if (part.type === 'error') throw part.error;
      if (part.type === 'finish') {
        const usage = { inputTokens: part.usage.inputTokens.total, outputTokens: part.usage.outputTokens.total };
        yield { type: 'finish', reason: reasonOf(part.finishReason.unified), usage };
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    throw modelFailed(error, options);
  }
}

function promptOf({ role, text }: ModelMessage): Prompt[number] {
  return { role, content: [{ type: 'text', text }] };
}

function reasonOf(reason: string): FinishReason {
  return reason === 'stop' || reason === 'length' || reason === 'content-filter' ? reason : 'other';
}

function modelFailed(error: unknown, { id, baseUrl, apiKey }: OpenAiOptions): StreamError {
  const reason = reasonText(error);
  // Providers quote keys in their errors, whole or in part.
  const safe = (apiKey === undefined || apiKey === '' ? reason : reason.replaceAll(apiKey, '[key]')).replaceAll(
    /\bsk-[\w*-]{4,}/g,
    '[key]',
  );
  const status = isRecord(error) && typeof error['statusCode'] === 'number' ? ` (HTTP ${error['statusCode']})` : '';
  return new StreamError('model-failed', `${id} at ${new URL(baseUrl).host} failed${status}: ${safe.slice(0, 500)}`, {
    cause: error,
  });
}

/** The provider's own words, wherever they are: an Error, `{message}`, `{error: {message}}`, or text. */
function reasonText(error: unknown): string {
  if (error instanceof Error) {
    // "fetch failed" says nothing; what failed is its cause.
    const { cause } = error;
    return cause instanceof Error && cause.message !== '' ? `${error.message}: ${cause.message}` : error.message;
  }
  if (isRecord(error)) {
    if (typeof error['message'] === 'string') return error['message'];
    if ('error' in error) return reasonText(error['error']);
    return JSON.stringify(error);
  }
  return messageOf(error);
}
