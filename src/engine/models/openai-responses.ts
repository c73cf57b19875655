// OpenAI's Responses API. In the background an answer is written whether or not anyone is connected:
// a server that takes a run over gets the rest by the number of the last event.
import { isStreamError } from '../../core/errors.ts';
import { isRecord, tryParseJson } from '../../core/json.ts';
import { readEvents } from '../../sse/read-events.ts';
import type { Model, ModelPart, ModelRequest, Reattach } from '../model.ts';
import type { KnownModel } from './catalogue.ts';
import { modelFailed, refusalOf, type FailureSource } from './failure.ts';
import { createResponsesReader } from './openai-responses-events.ts';
import { responsesBody } from './openai-responses-input.ts';

export interface ResponsesOptions {
  /** The part before the slash. */
  readonly provider: string;
  /** How the provider calls it. */
  readonly name: string;
  readonly known: KnownModel;
  readonly baseUrl: string;
  readonly source: FailureSource;
}

/** How an answer is asked for, as long as the endpoint does not refuse it. */
interface Manner {
  readonly isInBackground: boolean;
  /** Whether thoughts are summed up: OpenAI refuses that to organizations that it has not verified. */
  readonly hasSummary: boolean;
}

const cancelTimeoutMs = 5_000; // Chosen: nothing waits for it but the end of the process.

export function createResponsesModel(options: ResponsesOptions): Model {
  const { provider, name, known, source } = options;
  const endpoint = endpointOf(options);
  // What the endpoint refused once is not asked of it again.
  let manner: Manner = { isInBackground: true, hasSummary: true };

  async function begin(request: ModelRequest, body: Json): Promise<Begun> {
    for (let asked = manner; ;) {
      try {
        const response = await endpoint.post('', { body: inManner(body, asked), signal: request.signal });
        manner = asked;
        return { response, isInBackground: asked.isInBackground };
      } catch (error) {
        const lesser = lesserManner(asked, error);
        if (lesser === undefined) throw error;
        asked = lesser;
      }
    }
  }

  async function takeUp({ id: response, mark }: Reattach, signal: AbortSignal): Promise<Begun> {
    const after = mark === undefined ? '' : `&starting_after=${encodeURIComponent(mark)}`;
    const path = `/${encodeURIComponent(response)}?stream=true${after}`;
    return { response: await endpoint.get(path, signal), isInBackground: true };
  }

  async function* stream(request: ModelRequest): AsyncGenerator<ModelPart, void> {
    const { signal, reattach } = request;
    /** What is to be cancelled when nobody wants it any more. */
    let running = reattach?.id;
    try {
      const body = responsesBody(request, { model: name, reasons: known.reasons === true });
      const begun = await (reattach === undefined ? begin(request, body) : takeUp(reattach, signal));
      for await (const part of partsOf(begun.response, name)) {
        if (part.type === 'started') {
          // Only an answer in the background can be taken up; one that is has its name already.
          if (reattach !== undefined || !begun.isInBackground) continue;
          running = part.id;
        }
        if (part.type === 'finish') running = undefined;
        yield part;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw modelFailed(error, source);
    } finally {
      // Also where the answer is left between two parts.
      if (running !== undefined && signal.aborted && !isLeft(signal)) await cancel(endpoint, running);
    }
  }

  return {
    id: `${provider}/${name}`,
    name,
    demo: false,
    // An answer that was cut is taken up where its provider goes on with it; no other can be continued.
    continuesPrefix: false,
    reattaches: true,
    ...known,
    stream,
  };
}

type Json = Readonly<Record<string, unknown>>;

interface Begun {
  readonly response: Response;
  readonly isInBackground: boolean;
}

interface Endpoint {
  get(path: string, signal: AbortSignal): Promise<Response>;
  post(path: string, options: { body?: Json; signal: AbortSignal }): Promise<Response>;
}

/** Errors: what is refused, as `refusalOf` has it; what fetch throws. */
function endpointOf({ baseUrl, source }: ResponsesOptions): Endpoint {
  const address = `${baseUrl.replace(/\/+$/, '')}/responses`;
  const authorization = source.apiKey === undefined ? {} : { Authorization: `Bearer ${source.apiKey}` };

  async function ask(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...authorization, 'Content-Type': 'application/json' };
    const response = await fetch(`${address}${path}`, { ...init, headers });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  return {
    get: (path, signal) => ask(path, { signal }),
    post: (path, { body = {}, signal }) => ask(path, { method: 'POST', body: JSON.stringify(body), signal }),
  };
}

/** Best effort: where it fails, an answer is written to its end that nobody reads. */
async function cancel(endpoint: Endpoint, response: string): Promise<void> {
  const signal = AbortSignal.timeout(cancelTimeoutMs);
  await endpoint.post(`/${encodeURIComponent(response)}/cancel`, { signal }).catch(() => undefined);
}

async function* partsOf(response: Response, model: string): AsyncGenerator<ModelPart, void> {
  const read = createResponsesReader(model);
  if (response.body === null) throw new Error('The answer broke off.');
  for await (const { data } of readEvents(response.body)) {
    const event = tryParseJson(data);
    const part = isRecord(event) ? read(event) : undefined;
    if (part === undefined) continue;
    yield part;
    if (part.type === 'finish') return;
  }
  throw new Error('The answer broke off.');
}

function inManner(body: Json, { isInBackground, hasSummary }: Manner): Json {
  const { reasoning, ...others } = body;
  const { summary, ...effort } = isRecord(reasoning) ? reasoning : {};
  return {
    ...others,
    ...(reasoning === undefined ? {} : { reasoning: hasSummary ? { summary, ...effort } : effort }),
    stream: true,
    // What is not written in the background is of no use to anyone later.
    store: isInBackground,
    ...(isInBackground ? { background: true } : {}),
  };
}

/** What to ask instead; undefined where it is not the manner that was refused. */
function lesserManner(manner: Manner, error: unknown): Manner | undefined {
  const status = isRecord(error) ? error['statusCode'] : undefined;
  if (status !== 400 && status !== 404) return undefined;
  if (manner.hasSummary && /reasoning.?summar/.test(JSON.stringify(error))) return { ...manner, hasSummary: false };
  return manner.isInBackground ? { ...manner, isInBackground: false } : undefined;
}

/** Whether another process takes the run over, or this one after its restart: the provider is to go on. */
function isLeft({ reason }: AbortSignal): boolean {
  return isStreamError(reason, 'shutting-down') || isStreamError(reason, 'lease-lost');
}
