// A connection that stays: fetch, parse, reconnect from the cursor, until told to stop.
// The decisions are reconnect.ts's; this file performs them.
import { systemClock, type Clock, type Timer } from '../core/clock.ts';
import { isStreamError, show, StreamError } from '../core/errors.ts';
import { tryParseJson } from '../core/json.ts';
import { errorOfProblem } from '../core/problem.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { defaultHeartbeatMs, type SseMessage } from './event.ts';
import { toHeaderValue } from './last-event-id.ts';
import { createParser } from './parse.ts';
import {
  phaseOf,
  startState,
  step,
  type Phase,
  type ReconnectInput,
  type ReconnectPolicy,
  type ReconnectState,
} from './reconnect.ts';

export interface ConnectOptions {
  /** Ends the connection; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Asked anew at each attempt, so that a fresh token can be sent. */
  readonly headers?: (() => HeadersInit | Promise<HeadersInit>) | undefined;
  /** The cursor to begin after. Default: none. */
  readonly lastEventId?: string | undefined;
  /** Called at each change of phase. */
  readonly onPhase?: ((phase: Phase) => void) | undefined;
  /** How often the server sends something at rest, in ms; silent for 2.5 times that is dead. Default: 15,000. */
  readonly heartbeatMs?: number | undefined;
  /** Upper bound of the first wait before a reconnect, in ms. Default: 1,000. */
  readonly baseMs?: number | undefined;
  /** Upper bound of any such wait, in ms. Default: 30,000. */
  readonly maxMs?: number | undefined;
  /** Largest event in UTF-16 code units. Default: 16 Mi. */
  readonly maxEventLength?: number | undefined;
  /** Default: the runtime's own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/**
 * Follows an event stream for as long as the iteration lasts: reconnects after a loss, from the
 * cursor of the last event that was yielded. Redirects are followed by `fetch`.
 *
 * Events come in order, each once as far as the server honours `Last-Event-ID`. A slow consumer
 * slows reading. Ends when the server says so (204). Errors: `request-failed` for an answer that
 * a retry cannot mend (4xx other than 408, 425, 429; another content type), or the code of its
 * problem document, `event-too-large`.
 */
export async function* connect(url: string | URL, options: ConnectOptions = {}): AsyncGenerator<SseMessage, void> {
  const connection = open(url, options);
  try {
    while (true) {
      const message = await connection.next();
      if (message === undefined) return;
      yield message;
    }
  } finally {
    connection.close();
  }
}

const retryableStatus = new Set([408, 425, 429]);
const maxRefusalLength = 1_000; // Chosen: the error shows 80 characters of it.

interface Connection {
  next(): Promise<SseMessage | undefined>;
  close(): void;
}

function open(url: string | URL, options: ConnectOptions): Connection {
  const { clock = systemClock, random = systemRandom, signal } = options;
  const policy: ReconnectPolicy = {
    baseMs: options.baseMs ?? 1_000,
    maxMs: options.maxMs ?? 30_000,
    readTimeoutMs: (options.heartbeatMs ?? defaultHeartbeatMs) * 2.5,
    proofOfLifeMs: 5_000,
  };
  let state: ReconnectState = startState;
  let phase: Phase | undefined;
  let cursor = options.lastEventId ?? '';
  let timer: Timer | undefined;
  let attempt: AbortController | undefined;
  let failure: { readonly reason: unknown } | undefined;
  // What one chunk held and the consumer has not taken yet; the next chunk is read when it is empty.
  const ready: SseMessage[] = [];
  let wakeConsumer: (() => void) | undefined;
  // Set while the consumer holds reading up.
  let wakeReader: (() => void) | undefined;

  function send(input: ReconnectInput): void {
    const result = step(state, input, { policy, nowMs: clock.now(), random });
    state = result.state;
    for (const effect of result.effects) {
      if (effect.type === 'connect') void run();
      else if (effect.type === 'abort') attempt?.abort();
      else if (effect.type === 'end') wakeConsumer?.();
      else {
        timer?.cancel();
        timer = effect.type === 'set-timer' ? clock.setTimer(effect.ms, onTimer) : undefined;
      }
    }
    announce();
  }

  /** Sends what may find the connection silent: which says nothing about the server while nobody reads. */
  function sendChecked(input: ReconnectInput): void {
    if (wakeReader !== undefined) send({ type: 'bytes' });
    send(input);
  }

  function onTimer(): void {
    sendChecked({ type: 'timer-fired' });
  }

  function announce(): void {
    const next = phaseOf(state);
    if (next === phase) return;
    phase = next;
    options.onPhase?.(next);
  }

  function end(reason: unknown): void {
    if (reason !== undefined) failure = { reason };
    send({ type: 'refused' });
    attempt?.abort();
    wakeConsumer?.();
  }

  async function run(): Promise<void> {
    const mine = new AbortController();
    attempt = mine;
    try {
      const response = await request(mine.signal);
      if (attempt !== mine) return;
      if (response.status === 204) {
        end(undefined);
        return;
      }
      if (!(await accept(response, mine))) return;
      send({ type: 'opened' });
      await read(response, mine);
      if (attempt === mine) send({ type: 'lost' });
    } catch (caught) {
      if (attempt !== mine) return;
      if (isStreamError(caught)) end(caught);
      else send({ type: 'lost' });
    } finally {
      mine.abort();
    }
  }

  async function request(attemptSignal: AbortSignal): Promise<Response> {
    const headers = new Headers(await options.headers?.());
    headers.set('Accept', 'text/event-stream');
    if (cursor !== '') headers.set('Last-Event-ID', toHeaderValue(cursor));
    const doFetch = options.fetch ?? globalThis.fetch;
    return await doFetch(url, { headers, signal: attemptSignal, cache: 'no-store' });
  }

  /** Whether the answer is a stream; else decides whether to come back. */
  async function accept(response: Response, mine: AbortController): Promise<boolean> {
    const type = response.headers.get('Content-Type') ?? '';
    if (response.ok && type.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream') return true;
    if (response.status >= 500 || retryableStatus.has(response.status)) {
      await response.body?.cancel();
      const waitMs = retryAfterMs(response.headers.get('Retry-After'), clock.now());
      if (attempt === mine) send({ type: 'lost', retryAfterMs: waitMs });
      return false;
    }
    throw await refusalOf(response, url);
  }

  async function read(response: Response, mine: AbortController): Promise<void> {
    if (response.body === null) return;
    const parser = createParser({
      lastEventId: cursor,
      maxEventLength: options.maxEventLength,
      onEvent: (message) => ready.push(message),
      onRetry: (retryMs) => send({ type: 'retry-changed', retryMs }),
    });
    // The parser takes the byte order mark away, and only at the start.
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const reader = response.body.getReader();
    try {
      while (true) {
        const { done, value } = await reader.read();
        if (done || attempt !== mine) return;
        send({ type: 'bytes' });
        parser.feed(decoder.decode(value, { stream: true }));
        cursor = parser.lastEventId; // What is in `ready` is kept over a reconnect, so it is not asked for again.
        await drained();
        if (attempt !== mine) return;
      }
    } finally {
      // An answer that failed in the middle is released already; nothing is lost by not knowing.
      await reader.cancel().catch(() => undefined);
    }
  }

  /** Resolves when the consumer has taken all that is ready. */
  async function drained(): Promise<void> {
    if (ready.length === 0) return;
    wakeConsumer?.();
    await new Promise<void>((resolve) => {
      wakeReader = () => {
        wakeReader = undefined;
        resolve();
      };
    });
  }

  const page = watchPage(sendChecked);
  const onAbort = (): void => {
    ready.length = 0;
    end(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  announce();
  if (signal?.aborted === true) onAbort();
  else send({ type: 'timer-fired' });

  return {
    async next() {
      while (true) {
        const message = ready.shift();
        if (message !== undefined) return message;
        if (failure !== undefined) throw failure.reason;
        if (state.type === 'ended') return undefined;
        wakeReader?.();
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve;
        });
      }
    },
    close() {
      signal?.removeEventListener('abort', onAbort);
      page.close();
      if (state.type !== 'ended') send({ type: 'refused' });
      attempt?.abort();
      attempt = undefined;
      wakeReader?.();
    },
  };
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

/** Reports when a page's tab wakes or its network goes and comes. Elsewhere than in a page: nothing. */
function watchPage(send: (input: ReconnectInput) => void): { close(): void } {
  if (typeof window === 'undefined' || typeof document === 'undefined') return { close: () => undefined };
  const woken = (): void => {
    if (document.visibilityState === 'visible') send({ type: 'woken' });
  };
  // The network counts for a hidden tab too: it may be there to notify.
  const online = (): void => send({ type: 'woken' });
  const offline = (): void => send({ type: 'went-offline' });
  document.addEventListener('visibilitychange', woken);
  window.addEventListener('pageshow', woken);
  window.addEventListener('online', online);
  window.addEventListener('offline', offline);
  return {
    close() {
      document.removeEventListener('visibilitychange', woken);
      window.removeEventListener('pageshow', woken);
      window.removeEventListener('online', online);
      window.removeEventListener('offline', offline);
    },
  };
}
