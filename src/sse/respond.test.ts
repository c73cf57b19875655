import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createDrain } from './drain.ts';
import { encode } from './encode.ts';
import { respond } from './respond.ts';
import { spreadRetryMs, type Reader, type Sendable, type WriterOptions } from './writer.ts';

const request = new Request('https://example.test/events');

/** A source under the test's hand, which counts how often it was asked. */
function createSource() {
  const answers: Array<(result: IteratorResult<Sendable>) => void> = [];
  const failures: Array<(reason: unknown) => void> = [];
  let asked = 0;
  let returned = 0;
  let signal: AbortSignal | undefined;
  return {
    open({ signal: given }: Reader): AsyncIterable<Sendable> {
      signal = given;
      return {
        [Symbol.asyncIterator]: () => ({
          async next() {
            asked += 1;
            return await new Promise<IteratorResult<Sendable>>((resolve, reject) => {
              answers.push(resolve);
              failures.push(reject);
            });
          },
          async return() {
            returned += 1;
            return { done: true, value: undefined };
          },
        }),
      };
    },
    give: (event: Sendable) => answers.shift()?.({ done: false, value: event }),
    end: () => answers.shift()?.({ done: true, value: undefined }),
    fail: (reason: unknown) => failures[0]?.(reason),
    get asked() {
      return asked;
    },
    get returned() {
      return returned;
    },
    get signal() {
      return signal;
    },
  };
}

function createRig(options: WriterOptions = {}) {
  const clock = createFakeClock();
  const source = createSource();
  const response = respond(request, source.open, { clock, random: createSeededRandom(1), ...options });
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error('Expected a body');
  return { clock, source, response, reader };
}

const decode = (chunk: ReadableStreamReadResult<Uint8Array>): string =>
  chunk.done ? 'done' : new TextDecoder().decode(chunk.value);

/** A rig whose first bytes, the retry, are read. */
async function createStarted(options?: WriterOptions) {
  const rig = createRig(options);
  const first = decode(await rig.reader.read());
  return { ...rig, first, read: async () => decode(await rig.reader.read()) };
}

describe('[SSE-HEADERS] [SSE-FIRST] the response', () => {
  it('has the headers of an event stream', () => {
    const { response } = createRig();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
  });

  it('takes further headers, which cannot make it another type', () => {
    const { response } = createRig({ headers: { 'X-Resume': 'exact', 'Content-Type': 'text/html' } });
    expect(response.headers.get('X-Resume')).toBe('exact');
    expect(response.headers.get('Content-Type')).toBe('text/event-stream');
  });

  it('begins with retry, at once and before the source is asked', async () => {
    const { first, source } = await createStarted({ retryMs: 1_000 });
    expect(first).toMatch(/^retry: [0-9]+\n\n$/);
    expect(source.asked).toBe(0);
  });

  it('spreads retry over half to one and a half times its value', () => {
    const random = createSeededRandom(5);
    const values = Array.from({ length: 500 }, () => spreadRetryMs(1_000, random));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(500);
    expect(Math.min(...values)).toBeLessThan(520);
    expect(Math.max(...values)).toBeLessThanOrEqual(1_500);
    expect(Math.max(...values)).toBeGreaterThan(1_480);
    expect(values.every((value) => Number.isInteger(value))).toBe(true);
  });
});

describe('[SSE-BACKPRESSURE] events', () => {
  it('are encoded in order, and the body ends when the source does', async () => {
    const { source, read, clock } = await createStarted();
    const first = read();
    await clock.advance(0);
    source.give({ id: '1', data: 'a' });
    expect(await first).toBe('id: 1\ndata: a\n\n');
    const second = read();
    await clock.advance(0);
    source.give({ event: 'tick', data: 'é' });
    expect(await second).toBe('event: tick\ndata: é\n\n');
    const third = read();
    await clock.advance(0);
    source.end();
    expect(await third).toBe('done');
    expect(clock.pending).toBe(0);
  });

  it('may be bytes of one event or of several, which are not copied', async () => {
    const bytes = new TextEncoder().encode('id: 1\ndata: a\n\nid: 2\ndata: é\n\n');
    const { source, read, reader, clock } = await createStarted();
    const text = read();
    await clock.advance(0);
    source.give(bytes);
    expect(await text).toBe('id: 1\ndata: a\n\nid: 2\ndata: é\n\n');
    const chunk = reader.read();
    await clock.advance(0);
    source.give(bytes);
    expect((await chunk).value).toBe(bytes);
  });

  it('are asked for only when the reader pulls', async () => {
    const { source, reader, clock } = createRig();
    await clock.advance(0);
    expect(source.asked).toBe(0);
    await reader.read();
    await clock.advance(0);
    expect(source.asked).toBe(0);
    const event = reader.read();
    await clock.advance(0);
    expect(source.asked).toBe(1);
    source.give({ data: 'a' });
    await event;
    await clock.advance(0);
    expect(source.asked).toBe(1);
  });

  it('cost at most one where the reader stalls, and end after the write deadline', async () => {
    const { source, read, clock } = await createStarted({ heartbeatMs: 1_000 });
    const heartbeat = read();
    await clock.advance(1_000);
    expect(await heartbeat).toBe(': heartbeat\n\n');
    source.give({ data: 'late' }); // The question that the heartbeat overtook.
    await clock.advance(29_000);
    expect(source.asked).toBe(1);
    expect(source.signal?.aborted).toBe(false);
    await clock.advance(8_500);
    expect(source.signal?.aborted).toBe(true);
    expect(source.returned).toBe(1);
    expect(clock.pending).toBe(0);
    await expect(read()).rejects.toThrow('The reader takes nothing');
  });
});

describe('[SSE-AGE] [SSE-DEADLINE] the end of the stream', () => {
  it('waits until what was written is taken', async () => {
    const { source, read, clock } = await createStarted({ maxAgeMs: 1_000, heartbeatMs: 0 });
    const event = read();
    source.give({ data: 'a' });
    await event;
    await clock.advance(1_250); // Nobody reads.
    expect(source.signal?.aborted).toBe(true);
    expect(source.returned).toBe(1);
    expect(clock.pending).toBe(1); // The deadline's.
    expect(await read()).toMatch(/^retry: [0-9]+\n\n$/);
    expect(await read()).toBe('done');
    expect(clock.pending).toBe(0);
  });

  it('comes after the deadline where nothing is taken', async () => {
    const { read, clock } = await createStarted({ maxAgeMs: 1_000, writeDeadlineMs: 4_000 });
    await clock.advance(6_500);
    expect(clock.pending).toBe(0);
    await expect(read()).rejects.toThrow('The reader takes nothing');
  });
});

describe('[SSE-HEARTBEAT] the heartbeat', () => {
  it('comes after each rest, with the source asked once', async () => {
    const { source, read, clock } = await createStarted({ heartbeatMs: 1_000 });
    for (let beat = 0; beat < 3; beat += 1) {
      const chunk = read();
      let arrived = false;
      void chunk.then(() => {
        arrived = true;
      });
      await clock.advance(999);
      expect(arrived).toBe(false);
      await clock.advance(1);
      expect(await chunk).toBe(': heartbeat\n\n');
    }
    expect(source.asked).toBe(1);
    const event = read();
    source.give({ data: 'a' });
    expect(await event).toBe('data: a\n\n');
  });

  it('is put off by each event that comes in half its time', async () => {
    const { source, read, clock } = await createStarted({ heartbeatMs: 1_000 });
    for (let index = 0; index < 3; index += 1) {
      const chunk = read();
      await clock.advance(499);
      source.give({ data: String(index) });
      expect(await chunk).toBe(`data: ${index}\n\n`);
    }
  });

  it('is every 15 s by default', async () => {
    const { read, clock } = await createStarted();
    const chunk = read();
    await clock.advance(15_000);
    expect(await chunk).toBe(': heartbeat\n\n');
  });
});

describe('[SSE-LEFT] the reader that leaves', () => {
  it('aborts the signal, returns the iterator and leaves no timer', async () => {
    const { source, reader, read, clock } = await createStarted();
    const pending = read();
    await clock.advance(0);
    expect(source.signal?.aborted).toBe(false);
    await reader.cancel();
    expect(await pending).toBe('done');
    expect(source.signal?.aborted).toBe(true);
    expect(source.returned).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('before it read anything does so too', async () => {
    const { source, reader, clock } = createRig();
    await reader.cancel();
    expect(source.signal?.aborted).toBe(true);
    expect(source.returned).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('is not disturbed by an event that comes too late', async () => {
    const { source, reader, read, clock } = await createStarted();
    void read();
    await clock.advance(0);
    await reader.cancel();
    source.give({ data: 'late' });
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
    expect(source.asked).toBe(1);
  });

  it('lets a generator run its finally', async () => {
    const clock = createFakeClock();
    let cleanedUp = false;
    const response = respond(
      request,
      async function* ({ signal }) {
        try {
          for (let n = 1; ; n += 1) {
            yield { data: String(n) };
            await clock.sleep(1_000, { signal });
          }
        } finally {
          cleanedUp = true;
        }
      },
      { clock },
    );
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.read();
    const pending = reader?.read();
    await clock.advance(10);
    await reader?.cancel();
    await pending;
    expect(cleanedUp).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('[SSE-BROKEN] a failure', () => {
  it('of the source breaks the body off with its error', async () => {
    const { source, read, clock } = await createStarted();
    const chunk = read();
    await clock.advance(0);
    const reason = new Error('the store went away');
    source.fail(reason);
    await clock.advance(250); // What was written before is on its way by then.
    await expect(chunk).rejects.toBe(reason);
    await expect(read()).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });

  it('lets the source go at once, and breaks off a moment later, lest a server answer 500 instead', async () => {
    const { source, read, reader, clock } = await createStarted();
    const chunk = read();
    await clock.advance(0);
    source.fail(new Error('the store went away'));
    await clock.advance(0);
    expect(source.signal?.aborted).toBe(true);
    expect(source.returned).toBe(1);
    await reader.cancel();
    expect(await chunk).toBe('done');
    expect(clock.pending).toBe(0);
  });

  it('that is only the answer to the end of the stream is none', async () => {
    const { source, read, clock } = await createStarted({ maxAgeMs: 1_000 });
    const chunk = read();
    await clock.advance(1_250);
    expect(await chunk).toMatch(/^retry: [0-9]+\n\n$/);
    source.fail(source.signal?.reason);
    expect(await read()).toBe('done');
    expect(clock.pending).toBe(0);
  });

  it('of an event that cannot be encoded breaks the body off and frees the source', async () => {
    const { source, read, clock } = await createStarted();
    const chunk = read();
    await clock.advance(0);
    source.give({ id: 'forged\n\ndata: x', data: 'a' });
    await clock.advance(250);
    await expect(chunk).rejects.toMatchObject({ code: 'invalid-input' });
    expect(source.signal?.aborted).toBe(true);
    expect(source.returned).toBe(1);
    expect(clock.pending).toBe(0);
  });
});

describe('[SSE-DEADLINE] an event larger than a slow reader takes within the deadline', () => {
  const event = { id: '1', data: 'x'.repeat(1_000_000) };
  const block = encode(event);

  it('is given piece by piece, each of which counts, and whole, though the stream is to end', async () => {
    const drain = createDrain();
    const { source, reader, clock } = createRig({ drain });
    await reader.read();
    const first = reader.read();
    await clock.advance(0);
    source.give(event);
    let text = decode(await first);
    expect(text.length).toBeLessThanOrEqual(128 * 1024);
    const ended = drain.begin({ overMs: 0 });
    let pieces = 1;
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      text += decode(chunk);
      pieces += 1;
      await clock.advance(29_000);
    }
    expect(pieces).toBe(9); // Eight of the event, and the retry.
    expect(text.startsWith(block)).toBe(true);
    expect(text.slice(block.length)).toMatch(/^retry: [0-9]+\n\n$/);
    await ended;
    expect(clock.pending).toBe(0);
  });
});
