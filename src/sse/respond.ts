// Events as the body of a web Response. Pull-driven: the source is asked for an event only
// when the socket can take one, so a stalled reader holds one event and nothing more.
import type { Timer } from '../core/clock.ts';
import { encode, encodeComment, encodeRetry } from './encode.ts';
import type { SseEvent } from './event.ts';
import { eventStreamHeaders, spreadRetryMs, writerSettings, type WriterOptions } from './writer.ts';

export interface RespondOptions extends WriterOptions {
  /** Further response headers. */
  readonly headers?: HeadersInit | undefined;
}

/** Gives the events of one response. Its signal aborts when the reader has left or the body broke off. */
export type EventSourceFunction = (signal: AbortSignal) => AsyncIterable<SseEvent>;

/**
 * A response whose body is the source's events, each encoded as it is pulled, and comments while
 * there are none. Ends when the source ends; when the reader leaves, the source's signal aborts
 * and its iterator is returned. A source that throws breaks the body off, so that the reader
 * comes back.
 */
export function respond(source: EventSourceFunction, options: RespondOptions = {}): Response {
  const headers = new Headers(options.headers);
  for (const [name, value] of Object.entries(eventStreamHeaders)) headers.set(name, value);
  return new Response(streamOf(source, options), { headers });
}

function streamOf(source: EventSourceFunction, options: RespondOptions): ReadableStream<Uint8Array> {
  const { clock, random, heartbeatMs, retryMs } = writerSettings(options);
  const left = new AbortController();
  const iterator = source(left.signal)[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let pulled: (() => void) | undefined;
  let asking = false;
  let timer: Timer | undefined;

  // The source is asked once at a time; its answer and the heartbeat both settle the pull that
  // waits. An answer that comes after a heartbeat settles the next pull.
  function settle(): void {
    timer?.cancel();
    timer = undefined;
    pulled?.();
    pulled = undefined;
  }

  async function ask(): Promise<void> {
    try {
      const result = await iterator.next();
      if (result.done === true) controller.close();
      else controller.enqueue(encoder.encode(encode(result.value)));
    } catch (error) {
      controller.error(error);
      settle();
      // An event that cannot be encoded leaves a source that still runs. What its end throws is
      // not told: the reader has the first error.
      await leave(error).catch(() => undefined);
    } finally {
      asking = false;
      settle();
    }
  }

  async function leave(reason: unknown): Promise<void> {
    if (left.signal.aborted) return;
    left.abort(reason);
    await iterator.return?.();
  }

  return new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
        // Written at once: some clients report "open" only when the first bytes arrive.
        controller.enqueue(encoder.encode(encodeRetry(spreadRetryMs(retryMs, random))));
      },
      async pull() {
        await new Promise<void>((resolve) => {
          pulled = resolve;
          timer = clock.setTimer(heartbeatMs, () => {
            controller.enqueue(encoder.encode(encodeComment('heartbeat')));
            settle();
          });
          if (asking) return;
          asking = true;
          void ask();
        });
      },
      async cancel() {
        settle();
        await leave(new DOMException('The reader has left', 'AbortError'));
      },
    },
    { highWaterMark: 0 },
  );
}
