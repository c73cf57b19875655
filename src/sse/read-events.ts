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

  async function nextOfLater(): Promise<IteratorResult<SseMessage, undefined>> {
    batch = await arrivals.read();
    at = 1;
    const value = batch[0];
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  // Written by hand: an async generator costs several more turns of the microtask queue an event.
  return {
    next() {
      const value = batch[at];
      if (value === undefined) return nextOfLater();
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
    async next() {
      const value = await arrivals.read();
      return value.length === 0 ? { done: true, value: undefined } : { done: false, value };
    },
    return: () => arrivals.close(),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

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
    /** What has arrived; empty at the end. */
    async read(): Promise<readonly SseMessage[]> {
      try {
        while (messages.length === 0) {
          const { done, value } = await reader.read();
          if (done) break;
          parser.feed(value);
        }
      } catch (error) {
        await close();
        throw error;
      }
      const arrived = messages;
      messages = [];
      return arrived;
    },
  };
}
