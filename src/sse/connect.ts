// A connection that stays: attempts one after another, from the cursor, until told to stop.
// The decisions are reconnect.ts's and the requests attempt.ts's; this file brings them together.
import { systemClock, type Clock, type Timer } from '../core/clock.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { attemptOnce, type AttemptListener } from './attempt.ts';
import { defaultHeartbeatMs, type SseMessage } from './event.ts';
import { createHandOver } from './hand-over.ts';
import {
  phaseOf,
  startState,
  step,
  type Phase,
  type ReconnectInput,
  type ReconnectPolicy,
  type ReconnectState,
} from './reconnect.ts';
import { watchPage } from './watch-page.ts';

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

interface Connection {
  next(): Promise<SseMessage | undefined>;
  close(): void;
}

function open(url: string | URL, options: ConnectOptions): Connection {
  const { clock = systemClock, random = systemRandom, signal } = options;
  const policy = policyOf(options);
  // What one piece of the stream held; the next is read when the consumer has taken it all.
  const messages = createHandOver<SseMessage>();
  let state: ReconnectState = startState;
  let phase: Phase | undefined;
  let cursor = options.lastEventId ?? '';
  let timer: Timer | undefined;
  let attempt: AbortController | undefined;

  function send(input: ReconnectInput): void {
    const result = step(state, input, { policy, nowMs: clock.now(), random });
    state = result.state;
    for (const effect of result.effects) {
      if (effect.type === 'connect') void connectOnce();
      else if (effect.type === 'abort') attempt?.abort();
      else {
        timer?.cancel();
        timer =
          effect.type === 'set-timer'
            ? clock.setTimer(effect.ms, () => sendChecked({ type: 'timer-fired' }))
            : undefined;
      }
    }
    if (phaseOf(state) === phase) return;
    phase = phaseOf(state);
    options.onPhase?.(phase);
  }

  /** Sends what may find the connection silent, which says nothing about the server while nobody reads. */
  function sendChecked(input: ReconnectInput): void {
    if (messages.isHeld) send({ type: 'bytes' });
    send(input);
  }

  function end(failure?: { readonly reason: unknown }): void {
    messages.end(failure);
    send({ type: 'refused' });
    attempt?.abort();
  }

  const listener: AttemptListener = {
    onOpen: () => send({ type: 'opened' }),
    onRetry: (retryMs) => send({ type: 'retry-changed', retryMs }),
    onMessage: (message) => messages.put(message),
    onBytes: async (lastEventId) => {
      send({ type: 'bytes' });
      cursor = lastEventId; // What waits to be taken is kept over a reconnect, so it is not asked for again.
      await messages.taken();
    },
  };

  async function connectOnce(): Promise<void> {
    const mine = new AbortController();
    attempt = mine;
    const { headers, maxEventLength, fetch = globalThis.fetch } = options;
    const request = { url, headers, fetch, signal: mine.signal, lastEventId: cursor, maxEventLength, nowMs: clock.now };
    const ended = await attemptOnce(request, listener);
    if (mine.signal.aborted) return;
    mine.abort(); // Ends a request whose answer was of no use.
    if (ended.type === 'lost') send(ended);
    else end(ended.type === 'refused' ? { reason: ended.error } : undefined);
  }

  const page = watchPage(sendChecked);
  const onAbort = (): void => {
    messages.discard();
    end({ reason: signal?.reason });
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  else send({ type: 'timer-fired' });

  return {
    next: () => messages.take(),
    close() {
      signal?.removeEventListener('abort', onAbort);
      page.close();
      end();
    },
  };
}

function policyOf({
  baseMs = 1_000,
  maxMs = 30_000,
  heartbeatMs = defaultHeartbeatMs,
}: ConnectOptions): ReconnectPolicy {
  return { baseMs, maxMs, readTimeoutMs: heartbeatMs * 2.5, proofOfLifeMs: 5_000 };
}
