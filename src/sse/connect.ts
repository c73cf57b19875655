// A connection that stays, as an async iterable.
import type { Timers } from '../core/clock.ts';
import type { Chance } from '../core/random.ts';
import type { RequestOptions } from './attempt.ts';
import { openConnection, resolveUrl } from './connection.ts';
import { defaultHeartbeatMs, type SseMessage } from './event.ts';
import type { Phase } from './reconnect.ts';
import { brokenOff, judgeAnswer } from './refusal.ts';

export interface ConnectOptions extends RequestOptions {
  /** Ends the connection; the iterator then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The cursor to begin after. Default: none. */
  readonly lastEventId?: string | undefined;
  /**
   * Whether the server takes a repeated request for the same one, as by an idempotency key. Else
   * only GET and HEAD are sent again; any other method ends with its answer, or with an error where
   * that broke off. Default: false.
   */
  readonly idempotent?: boolean | undefined;
  /** Called at each change of phase. */
  readonly onPhase?: ((phase: Phase) => void) | undefined;
  /** Called when a connection was lost or could not be made, with the reason; undefined where the stream just ended. */
  readonly onLost?: ((reason: unknown) => void) | undefined;
  /** How often the server sends something at rest, in ms; silent for 2.5 times that is dead. 0: never. Default: 15,000. */
  readonly heartbeatMs?: number | undefined;
  /** Upper bound of the first wait before a reconnect, in ms. Default: 1,000. */
  readonly baseMs?: number | undefined;
  /** Upper bound of any such wait, in ms. Default: 30,000. */
  readonly maxMs?: number | undefined;
  readonly clock?: Timers | undefined;
  readonly random?: Chance | undefined;
}

/**
 * Follows an event stream for as long as the iteration lasts: reconnects after a loss, from the
 * cursor of the last event that came. Waits are back-off with full jitter, which only a connection
 * that lived for 5 s resets; `retry` and `Retry-After` are obeyed.
 *
 * Events come in order, each once as far as the server honours `Last-Event-ID`. A slow consumer
 * slows reading. Ends when the server says so (204), and when the loop is left. Errors:
 * `request-failed`, with `details: { status, body }`, for an answer that a retry cannot mend (4xx
 * other than 408, 425, 429; another content type), or a method that must not be repeated;
 * `event-too-large`; `invalid-input` for the address.
 */
export async function* connect(url: string | URL, options: ConnectOptions = {}): AsyncGenerator<SseMessage, void> {
  const { signal, method = 'GET', heartbeatMs = defaultHeartbeatMs, baseMs = 1_000, maxMs = 30_000 } = options;
  signal?.throwIfAborted();
  // What one piece of the stream held; the next is read when the consumer has taken it all. It is
  // kept over a reconnect, so it is not asked for again.
  let messages: SseMessage[] = [];
  let ended: { readonly failure?: { readonly reason: unknown } | undefined } | undefined;
  let wakeConsumer: (() => void) | undefined;
  let readOn: (() => void) | undefined;

  function end(failure?: { readonly reason: unknown }): void {
    ended ??= { failure };
    wakeConsumer?.();
    readOn?.();
  }

  const isRepeatable = /^(get|head)$/i.test(method) || options.idempotent === true;
  const connection = openConnection(
    resolveUrl(url),
    {
      ...options,
      policy: { baseMs, maxMs, readTimeoutMs: heartbeatMs * 2.5 },
      isRepeatable,
      judge: judgeAnswer,
    },
    {
      onPhase: options.onPhase,
      onLost: options.onLost,
      onMessage: (message) => messages.push(message),
      onEnd: (failure) =>
        end(isRepeatable || failure === undefined ? failure : { reason: brokenOff(method, failure.reason) }),
      async afterBytes() {
        if (messages.length === 0 || ended !== undefined) return;
        wakeConsumer?.();
        await new Promise<void>((resolve) => {
          readOn = resolve;
        });
        readOn = undefined;
      },
      isHeld: () => readOn !== undefined,
    },
  );
  function onAbort(): void {
    messages = [];
    end({ reason: signal?.reason });
    connection.close();
  }
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    while (true) {
      for (let message = messages.shift(); message !== undefined; message = messages.shift()) yield message;
      if (ended?.failure !== undefined) throw ended.failure.reason;
      if (ended !== undefined) return;
      readOn?.();
      await new Promise<void>((resolve) => {
        wakeConsumer = resolve;
      });
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    end(); // Lets go of the attempt that waits to be read on.
    connection.close();
  }
}
