// One attempt to connect: a request, and the stream that it is answered with, to its end.
// Whether and when there is another is reconnect.ts's to say.
import { isStreamError } from '../core/errors.ts';
import type { SseMessage } from './event.ts';
import { toHeaderValue, unsendable } from './last-event-id.ts';
import { createParser } from './parse.ts';

/** What to ask for, besides the address: the same at each attempt. */
export interface RequestOptions {
  /** Default: GET. */
  readonly method?: string | undefined;
  /** A function is asked anew at each attempt, so that a fresh token can be sent. */
  readonly headers?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>) | undefined;
  /** Kept, and sent again at each attempt where there are several. */
  readonly body?: string | Blob | FormData | URLSearchParams | Uint8Array<ArrayBuffer> | undefined;
  /** Whether cookies are sent to other origins too. Default: as `fetch` does, to the own one alone. */
  readonly credentials?: RequestCredentials | undefined;
  /**
   * What becomes of redirects. Default: followed, and then `fetch` takes `Authorization` and cookies
   * away where they lead to another origin [fetch 4.4]; headers of your own it does not know.
   */
  readonly redirect?: 'follow' | 'error' | undefined;
  /** Default: the runtime's own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Largest event in UTF-16 code units. Default: 16 Mi. */
  readonly maxEventLength?: number | undefined;
}

/** Says what an answer that is no event stream means. Where nobody is asked, it ends the connection, as a browser's. */
export type Judge = (response: Response, attempt: Attempt) => Promise<AttemptEnd>;

export interface Attempt {
  readonly url: URL;
  readonly options: RequestOptions;
  readonly signal: AbortSignal;
  readonly lastEventId: string;
  readonly judge: Judge | undefined;
  readonly nowMs: () => number;
}

/** What the caller is told while the stream lasts; nothing after the signal has aborted. */
export interface AttemptListener {
  /** With the address that answered, behind all redirects. */
  onOpen(url: string): void;
  onRetry(retryMs: number): void;
  onMessage(message: SseMessage): void;
  /** After each piece of the stream, with the cursor behind it. The next is read when it resolves. */
  onBytes(lastEventId: string): Promise<void> | void;
}

export type AttemptEnd =
  /** The server said that there is no more: 204 [whatwg-html 9.2.3]. */
  | { readonly type: 'finished' }
  /** Another attempt makes no sense. */
  | { readonly type: 'refused'; readonly reason?: unknown }
  /** Another attempt may succeed. Without a reason the stream came to its end. */
  | { readonly type: 'lost'; readonly reason?: unknown; readonly retryAfterMs?: number | undefined };

/** Never rejects. */
export async function attemptOnce(attempt: Attempt, listener: AttemptListener): Promise<AttemptEnd> {
  try {
    const response = await send(attempt);
    const { status } = response;
    if (status === 204) return { type: 'finished' };
    if (isEventStream(response)) {
      if (!attempt.signal.aborted) listener.onOpen(response.url);
      await read(response, attempt, listener);
      return { type: 'lost' };
    }
    return (await attempt.judge?.(response, attempt)) ?? { type: 'refused' };
  } catch (reason) {
    return { type: isStreamError(reason) ? 'refused' : 'lost', reason };
  }
}

async function send({ url, options, signal, lastEventId }: Attempt): Promise<Response> {
  const { headers: given, fetch = globalThis.fetch, method, body, credentials, redirect } = options;
  const headers = new Headers(typeof given === 'function' ? await given() : given);
  headers.set('Accept', 'text/event-stream');
  // Of one that no header can carry the server is not told: the stream begins anew, and does not hang.
  if (lastEventId !== '' && !unsendable.test(lastEventId)) headers.set('Last-Event-ID', toHeaderValue(lastEventId));
  // What is undefined is as if it were not there [webidl 3.2.17].
  const init = { method, headers, body, credentials, redirect, signal, cache: 'no-store' };
  return await fetch(url, init as RequestInit);
}

function isEventStream({ status, headers }: Response): boolean {
  return status === 200 && /^text\/event-stream *(;|$)/i.test(headers.get('Content-Type') ?? '');
}

async function read(response: Response, attempt: Attempt, listener: AttemptListener): Promise<void> {
  if (response.body === null) return;
  const { signal, lastEventId, options } = attempt;
  const parser = createParser({
    lastEventId,
    maxEventLength: options.maxEventLength,
    onEvent: (message) => listener.onMessage(message),
    onRetry: (retryMs) => listener.onRetry(retryMs),
  });
  const reader = response.body.getReader();
  // A body that does not come from `fetch` may know nothing of the signal.
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel);
  try {
    // It may have been closed by whoever was told that it is open; then the body is only let go.
    while (!signal.aborted) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      parser.feed(value);
      await listener.onBytes(parser.lastEventId);
    }
  } finally {
    cancel(); // One that failed in the middle is released already; nothing is lost by not knowing.
  }
}
