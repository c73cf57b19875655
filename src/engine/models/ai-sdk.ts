// Any language model of the AI SDK as a model of the engine. The SDK's providers know their services'
// formats; here is what becomes of their parts. Asking again is the engine's business.
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4FileDataData,
  SharedV4FileDataUrl,
  SharedV4ProviderMetadata,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';
import type { Part } from '../../conversation/message.ts';
import type { FinishReason, Usage } from '../../conversation/run.ts';
import type { Model, ModelInfo, ModelPart, ModelRequest } from '../model.ts';
import { promptOf, providerOf } from './ai-sdk-prompt.ts';
import { modelFailed, type FailureSource } from './failure.ts';

export interface AiSdkOptions {
  readonly info: ModelInfo;
  /** The SDK's model. Asked for with each answer, so that a provider's package is loaded only when it is used. */
  readonly load: () => LanguageModelV4 | PromiseLike<LanguageModelV4>;
  /** Who it is in error messages, and the key that must not be in them. Default: the model's id. */
  readonly source?: FailureSource | undefined;
  /** As the provider's own documentation has them: `{ google: { thinkingConfig: … } }`. */
  readonly providerOptions?: SharedV4ProviderOptions | undefined;
  /** Whether white space at the end of a prefix is not sent, as Anthropic asks. Default: no. */
  readonly trimsPrefix?: boolean | undefined;
}

/**
 * A model of any provider that the AI SDK has: `fromAiSdk({ info, load: () => mistral('…') })`.
 * Say `continuesPrefix` in `info` only of a model that goes on behind an assistant message at the end.
 */
export function fromAiSdk(options: AiSdkOptions): Model {
  return { ...options.info, stream: (request) => streamParts(request, options) };
}

async function* streamParts(request: ModelRequest, options: AiSdkOptions): AsyncGenerator<ModelPart, void> {
  const { signal } = request;
  try {
    const sent = options.trimsPrefix === true ? request.prefix.trimEnd() : request.prefix;
    const model = await options.load();
    const { stream } = await model.doStream(callOptions({ ...request, prefix: sent }, model, options));
    const translate = createTranslator(providerOf(model));
    const withoutRepeated = createTrimmer(request.prefix.slice(sent.length));
    let hasEnded = false;
    for await (const part of stream) {
      const given = withoutRepeated(translate(part));
      if (given === undefined) continue;
      hasEnded = given.type === 'finish';
      yield given;
    }
    if (!hasEnded) throw new Error('The answer broke off.');
  } catch (error) {
    signal.throwIfAborted();
    throw modelFailed(error, options.source ?? { name: options.info.id });
  }
}

function callOptions(request: ModelRequest, model: LanguageModelV4, options: AiSdkOptions): LanguageModelV4CallOptions {
  const { settings, tools, prefix, signal } = request;
  const { reasoning, ...others } = settings;
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  return {
    prompt: promptOf(request, providerOf(model)),
    abortSignal: signal,
    ...Object.fromEntries(given),
    // Who goes on in the text has thought already.
    ...(reasoning === undefined || prefix !== '' ? {} : { reasoning }),
    ...(tools.length === 0
      ? {}
      : { tools: tools.map((tool) => ({ type: 'function' as const, ...tool, inputSchema: { ...tool.inputSchema } })) }),
    ...(options.providerOptions === undefined ? {} : { providerOptions: options.providerOptions }),
  };
}

/** The SDK's parts, one by one, in the engine's words; undefined for those that say nothing to it. */
function createTranslator(provider: string): (part: LanguageModelV4StreamPart) => ModelPart | undefined {
  const names = new Map<string, string>();
  const thoughts = new Map<string, { metadata: SharedV4ProviderMetadata | undefined; hasText: boolean }>();
  let callsTools = false;

  function think(part: Extract<LanguageModelV4StreamPart, { type: `reasoning-${'start' | 'delta' | 'end'}` }>) {
    const known = thoughts.get(part.id) ?? { metadata: undefined, hasText: false };
    if (part.providerMetadata !== undefined) known.metadata = { ...known.metadata, ...part.providerMetadata };
    if (part.type === 'reasoning-delta' && part.delta !== '') known.hasText = true;
    thoughts.set(part.id, known);
    return known;
  }

  function endThought({ id }: { id: string }): ModelPart | undefined {
    const { metadata, hasText } = thoughts.get(id) ?? { metadata: undefined, hasText: false };
    thoughts.delete(id);
    if (metadata === undefined) return undefined;
    // Thoughts that are not shown still have to be given back.
    if (!hasText) return { type: 'part', part: { type: 'reasoning', text: '', providerData: metadata } };
    return { type: 'reasoning-end', providerData: metadata };
  }

  return (part) => {
    switch (part.type) {
      case 'text-delta':
        return { type: 'text', text: part.delta, id: part.id };
      case 'reasoning-start':
        think(part);
        return undefined;
      case 'reasoning-delta':
        think(part);
        return part.delta === '' ? undefined : { type: 'reasoning', text: part.delta, id: part.id };
      case 'reasoning-end':
        think(part);
        return endThought(part);
      case 'tool-input-start':
        names.set(part.id, part.toolName);
        return { type: 'tool-call-delta', id: part.id, name: part.toolName, text: '' };
      case 'tool-input-delta':
        return { type: 'tool-call-delta', id: part.id, name: names.get(part.id) ?? '', text: part.delta };
      case 'tool-call':
        if (part.providerExecuted !== true) callsTools = true;
        return callOf(part, provider);
      case 'tool-result':
        return part.preliminary === true ? undefined : { type: 'part', part: resultOf(part) };
      case 'source':
        return part.sourceType === 'url' ? { type: 'part', part: sourceOf(part) } : undefined;
      case 'file':
        return { type: 'part', part: { type: 'file', mediaType: part.mediaType, ...contentOf(part.data) } };
      case 'error':
        throw part.error;
      case 'finish':
        return { type: 'finish', reason: reasonOf(part.finishReason.unified, callsTools), usage: usageOf(part.usage) };
      default:
        return undefined;
    }
  };
}

function callOf(part: Extract<LanguageModelV4StreamPart, { type: 'tool-call' }>, provider: string): ModelPart {
  const isRunByProvider = part.providerExecuted === true;
  // Whose tool it was is kept with what it wants to be given back: no other provider knows it.
  const providerData = isRunByProvider ? { [provider]: {}, ...part.providerMetadata } : part.providerMetadata;
  return {
    type: 'tool-call',
    id: part.toolCallId,
    name: part.toolName,
    text: part.input,
    ...(isRunByProvider ? { isRunByProvider } : {}),
    ...(providerData === undefined ? {} : { providerData }),
  };
}

function resultOf(part: Extract<LanguageModelV4StreamPart, { type: 'tool-result' }>): Part {
  const { toolCallId, result, isError } = part;
  return { type: 'tool-result', call: toolCallId, output: result, ...(isError === true ? { isError } : {}) };
}

function sourceOf({ url, title }: { url: string; title?: string }): Part {
  return { type: 'source', url, ...(title === undefined ? {} : { title }) };
}

function contentOf(data: SharedV4FileDataData | SharedV4FileDataUrl): { data: string } | { url: string } {
  if (data.type === 'url') return { url: data.url.href };
  return { data: typeof data.data === 'string' ? data.data : Buffer.from(data.data).toString('base64') };
}

function reasonOf(reason: string, callsTools: boolean): FinishReason | 'tool-calls' {
  if (reason === 'error' || reason === 'interrupted') throw new Error('The answer broke off.');
  if (reason === 'length' || reason === 'content-filter') return reason;
  // By the calls and not by what the provider says: some that speak OpenAI's format say `stop` all the same.
  if (callsTools) return 'tool-calls';
  return reason === 'stop' || reason === 'tool-calls' ? 'stop' : 'other';
}

function usageOf({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage {
  const counts = {
    inputTokens: inputTokens.total,
    outputTokens: outputTokens.total,
    reasoningTokens: outputTokens.reasoning,
    cachedInputTokens: inputTokens.cacheRead,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
}

/** Takes away what of `lost`, white space that the model was not shown, it says again at the beginning. */
function createTrimmer(lost: string): (part: ModelPart | undefined) => ModelPart | undefined {
  let left = lost;
  return (part) => {
    if (left === '' || part?.type !== 'text') return part;
    let same = 0;
    while (same < left.length && same < part.text.length && part.text[same] === left[same]) same += 1;
    left = same < part.text.length ? '' : left.slice(same);
    return same === part.text.length ? undefined : { ...part, text: part.text.slice(same) };
  };
}
