import { describe, expect, it } from 'vitest';
import { encode } from './encode.ts';
import type { SseMessage } from './event.ts';
import { readEventBatches, readEvents } from './read-events.ts';

/** A body under the test's hand. */
function createBody() {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel() {
      cancelled = true;
    },
  });
  return {
    stream,
    push: (text: string) => controller.enqueue(encoder.encode(text)),
    close: () => controller.close(),
    fail: (reason: unknown) => controller.error(reason),
    get cancelled() {
      return cancelled;
    },
  };
}

function bodyOf(...pieces: ReadonlyArray<string | Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces)
        controller.enqueue(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
      controller.close();
    },
  });
}

const abc = ['a', 'b', 'c'].map((data, index) => encode({ id: String(index), event: 'e', data })).join('');
const abcEvents = ['a', 'b', 'c'].map((data, index) => ({ event: 'e', data, lastEventId: String(index) }));

async function toArray<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

describe('[SSE-DATA] readEvents', () => {
  it('gives the events in order, to the end of the body, wherever it is cut', async () => {
    const bytes = new TextEncoder().encode(abc);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(await toArray(readEvents(bodyOf(bytes.slice(0, at), bytes.slice(at))))).toEqual(abcEvents);
    }
  });

  it('gives nothing of an empty body, and nothing after its end', async () => {
    const events = readEvents(bodyOf());
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('discards an incomplete last event', async () => {
    expect(await toArray(readEvents(bodyOf(abc, 'data: d\n')))).toEqual(abcEvents);
  });

  it('begins with a cursor, and tells what retry says', async () => {
    const retries: number[] = [];
    const options = { lastEventId: '7', onRetry: (retryMs: number) => void retries.push(retryMs) };
    const events = await toArray(readEvents(bodyOf('retry: 5\ndata: x\n\n'), options));
    expect(events).toEqual([{ event: 'message', data: 'x', lastEventId: '7' }]);
    expect(retries).toEqual([5]);
  });

  it('reads on when the events before were taken, and not sooner', async () => {
    let pulls = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulls += 1;
          controller.enqueue(new TextEncoder().encode('data: a\n\ndata: b\n\n'));
        },
      },
      { highWaterMark: 0 },
    );
    const events = readEvents(stream);
    const seen: Array<string | number | undefined> = [];
    for (let n = 0; n < 4; n += 1) seen.push((await events.next()).value?.data, pulls);
    expect(seen).toEqual(['a', 1, 'b', 1, 'a', 2, 'b', 2]);
  });

  it('cancels the body when the loop is left', async () => {
    const body = createBody();
    const reading = (async () => {
      for await (const { data } of readEvents(body.stream)) return data;
      return undefined;
    })();
    body.push(abc);
    expect(await reading).toBe('a');
    expect(body.cancelled).toBe(true);
  });

  it('gives what came before the body broke off, then throws the reason', async () => {
    const body = createBody();
    const seen: SseMessage[] = [];
    const reason = new TypeError('network error');
    const reading = (async () => {
      for await (const event of readEvents(body.stream)) {
        seen.push(event);
        if (seen.length === 3) body.fail(reason);
      }
    })();
    body.push(abc);
    await expect(reading).rejects.toBe(reason);
    expect(seen).toEqual(abcEvents);
  });

  it('throws event-too-large and cancels the body', async () => {
    const body = createBody();
    const next = readEvents(body.stream, { maxEventLength: 10 }).next();
    body.push('data: much too long');
    await expect(next).rejects.toMatchObject({ code: 'event-too-large' });
    expect(body.cancelled).toBe(true);
  });

  it('loses and repeats nothing for one who asks again before it was answered', async () => {
    const body = createBody();
    const events = readEvents(body.stream);
    const asked = Promise.all([events.next(), events.next(), events.next(), events.next()]);
    body.push(abc.slice(0, 20));
    body.push(abc.slice(20));
    body.close();
    const values = (await asked).flatMap(({ value }) => value ?? []);
    const rest = await toArray(events);
    expect([...values, ...rest].map(({ data }) => data).toSorted()).toEqual(['a', 'b', 'c']);
  });
});

describe('[SSE-DATA] readEventBatches', () => {
  it('gives what arrived together, and no empty batch', async () => {
    const batches = await toArray(readEventBatches(bodyOf(': hi\n\n', abc, 'data: d', '\n\n', 'id: 9\n\n')));
    expect(batches).toEqual([abcEvents, [{ event: 'message', data: 'd', lastEventId: '2' }]]);
  });

  it('cancels the body when the loop is left', async () => {
    const body = createBody();
    const reading = (async () => {
      for await (const batch of readEventBatches(body.stream)) return batch.length;
      return 0;
    })();
    body.push(abc);
    expect(await reading).toBe(3);
    expect(body.cancelled).toBe(true);
  });
});
