// One attempt to connect: a request, and the stream that it is answered with, to its end.
// Whether and when there is another is reconnect.ts's to say.
import { isStreamError, show, StreamError } from '../core/errors.ts';
import { tryParseJson } from '../core/json.ts';
import { errorOfProblem } from '../core/problem.ts';
import type { SseMessage } from './event.ts';
import { toHeaderValue } from './last-event-id.ts';
import { createParser } from './parse.ts';

export interface AttemptRequest {
  readonly url: string | URL;
  readonly headers: (() => HeadersInit | Promise<HeadersInit>) | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly signal: AbortSignal;
  readonly lastEventId: string;
  readonly maxEventLength: number | undefined;
  readonly nowMs: () => number;
}

/** What the caller is told while the stream lasts; nothing after the signal has aborted. */
export interface AttemptListener {
  onOpen(): void;
  onRetry(retryMs: number): void;
  onMessage(message: SseMessage): void;
  /** After each piece of the stream, with the cursor behind it. The next is read when it resolves. */
  onBytes(lastEventId: string): Promise<void>;
}

export type AttemptEnd =
  /** The server said that there is no more: 204 [whatwg-html 9.2.3]. */
  | { readonly type: 'finished' }
  /** Another attempt makes no sense. */
  | { readonly type: 'refused'; readonly error: StreamError }
  /** Another attempt may succeed. */
  | { readonly type: 'lost'; readonly retryAfterMs?: number | undefined };

const retryableStatus = new Set([408, 425, 429]);
const maxRefusalLength = 1_000; // Chosen: the error shows 80 characters of it.

/** Never rejects. */
export async function attemptOnce(request: AttemptRequest, listener: AttemptListener): Promise<AttemptEnd> {
  try {
    const response = await send(request);
    if (response.status === 204) return { type: 'finished' };
    if (!isEventStream(response)) return await classify(response, request);
    if (request.signal.aborted) return { type: 'lost' };
    listener.onOpen();
    await read(response, request, listener);
    return { type: 'lost' };
  } catch (error) {
    return isStreamError(error) ? { type: 'refused', error } : { type: 'lost' };
  }
}

async function send({ url, headers: more, fetch, signal, lastEventId }: AttemptRequest): Promise<Response> {
  const headers = new Headers(await more?.());
  headers.set('Accept', 'text/event-stream');
  if (lastEventId !== '') headers.set('Last-Event-ID', toHeaderValue(lastEventId));
  return await fetch(url, { headers, signal, cache: 'no-store' });
}

function isEventStream(response: Response): boolean {
  const type = response.headers.get('Content-Type') ?? '';
  return response.ok && type.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream';
}

async function classify(response: Response, { url, nowMs }: AttemptRequest): Promise<AttemptEnd> {
  if (response.status >= 500 || retryableStatus.has(response.status)) {
    await response.body?.cancel();
    return { type: 'lost', retryAfterMs: retryAfterMs(response.headers.get('Retry-After'), nowMs()) };
  }
  return { type: 'refused', error: await refusalOf(response, url) };
}

async function read(response: Response, request: AttemptRequest, listener: AttemptListener): Promise<void> {
  if (response.body === null) return;
  const { signal, lastEventId, maxEventLength } = request;
  const parser = createParser({
    lastEventId,
    maxEventLength,
    onEvent: (message) => listener.onMessage(message),
    onRetry: (retryMs) => listener.onRetry(retryMs),
  });
  // The parser takes the byte order mark away, and only at the start.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const reader = response.body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      parser.feed(decoder.decode(value, { stream: true }));
      await listener.onBytes(parser.lastEventId);
      if (signal.aborted) return;
    }
  } finally {
    // An answer that failed in the middle is released already; nothing is lost by not knowing.
    await reader.cancel().catch(() => undefined);
  }
}

/** What is wrong with an answer that a retry cannot mend. */
async function refusalOf(response: Response, url: string | URL): Promise<StreamError> {
  const { status } = response;
  const type = response.headers.get('Content-Type') ?? '';
  // Of an answer that is fine but no event stream the type says enough, and it may never end.
  const body = response.ok ? '' : await startOf(response);
  const problem = errorOfProblem(tryParseJson(body), status);
  if (problem !== undefined) return problem;
  return new StreamError(
    'request-failed',
    `Expected an event stream from ${String(url)}, got ${status} ${type}: ${show(body)}.`,
    { details: { status } },
  );
}

/** The first characters of an answer's body, as far as it comes. */
async function startOf(response: Response): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (text.length < maxRefusalLength) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // It broke off: the status is what counts.
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return text.slice(0, maxRefusalLength);
}

/** Retry-After in ms: seconds or a date [rfc9110 10.2.3]; undefined where there is none. */
function retryAfterMs(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^[0-9]+$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
