// From the body of an answer to its events, for one answer that was fetched already: no
// reconnecting, no policy. connect.ts is for streams that must stay.
import type { SseMessage } from './event.ts';
import { createParser, type ParserOptions } from './parse.ts';

/** What the parser can be told. */
export type ReadEventsOptions = Omit<ParserOptions, 'onEvent'>;

/**
 * The events of a body, in order, to its end: `for await (const { data } of readEvents(response.body))`.
 * Bytes are read when the events before them were taken, so a slow consumer slows the sender.
 * Leaving the loop cancels the body. An incomplete last event is discarded [whatwg-html 9.2.6].
 * Errors: `event-too-large`; whatever the body breaks off with.
 */
export function readEvents(
  body: ReadableStream<Uint8Array>,
  options: ReadEventsOptions = {},
): AsyncIterableIterator<SseMessage, undefined> {
  const arrivals = openBody(body, options);
  let batch: readonly SseMessage[] = [];
  let at = 0;

  // Written by hand: an async generator costs several more turns of the microtask queue an event.
  return {
    next() {
      const value = batch[at];
      if (value === undefined) return arrivals.next(begin);
      at += 1;
      return Promise.resolve({ done: false, value });
    },
    async return() {
      batch = [];
      return await arrivals.close();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  function begin(arrived: Arrived): SseMessage {
    batch = arrived;
    at = 1;
    return arrived[0];
  }
}

/**
 * As `readEvents`, in the batches in which the events arrived, none of them empty. The fastest way
 * to read: what a turn of the loop costs is paid once for a batch.
 */
export function readEventBatches(
  body: ReadableStream<Uint8Array>,
  options: ReadEventsOptions = {},
): AsyncIterableIterator<readonly SseMessage[], undefined> {
  const arrivals = openBody(body, options);
  return {
    next: () => arrivals.next((arrived) => arrived),
    return: () => arrivals.close(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

type Arrived = readonly [SseMessage, ...SseMessage[]];

function openBody(body: ReadableStream<Uint8Array>, options: ReadEventsOptions) {
  const reader = body.getReader();
  let messages: SseMessage[] = [];
  const parser = createParser({ ...options, onEvent: (message) => messages.push(message) });

  async function close(): Promise<IteratorReturnResult<undefined>> {
    // A body that broke off is released already, and whatever cancelling it says comes too late.
    await reader.cancel().catch(() => undefined);
    return { done: true, value: undefined };
  }

  return {
    close,
    /** What `take` makes of that which arrives next. One async function, for each costs a turn more. */
    async next<T>(take: (arrived: Arrived) => T): Promise<IteratorResult<T, undefined>> {
      try {
        while (messages.length === 0) {
          const { done, value } = await reader.read();
          if (done) return { done, value: undefined };
          parser.feed(value);
        }
      } catch (error) {
        await close();
        throw error;
      }
      const arrived = messages as unknown as Arrived; // It has one at least.
      messages = [];
      return { done: false, value: take(arrived) };
    },
  };
}
