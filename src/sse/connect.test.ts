import { describe, expect, it } from 'vitest';
import type { StreamError } from '../core/errors.ts';
import { createFakeClock, type FakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { connect, type ConnectOptions } from './connect.ts';
import { encode, encodeComment, encodeRetry } from './encode.ts';
import type { SseMessage } from './event.ts';

const eventStream = { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } };

interface Attempt {
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

/** A body under the test's hand, which breaks off when its request is aborted, as fetch's does. */
function createBody(attempt: Attempt) {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  let pulls = 0;
  let cancelled = false;
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(given) {
        controller = given;
        attempt.signal.addEventListener('abort', () => controller.error(attempt.signal.reason));
      },
      pull() {
        pulls += 1;
      },
      cancel() {
        cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return {
    response: new Response(readable, eventStream),
    push: (chunk: string | Uint8Array<ArrayBuffer>) =>
      controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk),
    close: () => controller.close(),
    cut: () => controller.error(new TypeError('network error')),
    get pulls() {
      return pulls;
    },
    get released() {
      return cancelled || attempt.signal.aborted;
    },
  };
}

/** Everything of one connection on a fake clock and seeded chance; `answer` plays the server. */
function createRig(answer: (attempt: Attempt, index: number) => Response | Promise<Response>) {
  const clock = createFakeClock();
  const attempts: Attempt[] = [];
  const phases: string[] = [];
  const options = {
    clock,
    random: createSeededRandom(7),
    onPhase: (phase) => phases.push(phase),
    fetch: async (_url, init) => {
      const signal = init?.signal;
      if (signal === undefined || signal === null) throw new Error('Expected a signal');
      signal.throwIfAborted();
      const attempt = { headers: new Headers(init?.headers), signal };
      attempts.push(attempt);
      return await answer(attempt, attempts.length - 1);
    },
  } satisfies ConnectOptions;
  return { clock, attempts, phases, options };
}

/** A rig whose every attempt gets a body that stays open. */
function createOpenRig() {
  const bodies: Array<ReturnType<typeof createBody>> = [];
  const rig = createRig((attempt) => {
    const body = createBody(attempt);
    bodies.push(body);
    return body.response;
  });
  return { ...rig, bodies };
}

const url = 'https://example.test/events';

/** Lets the fake time pass until `promise` settles. */
async function drive<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  for (let round = 0; round < 2_000 && !settled; round += 1) await clock.advance(1_000);
  expect(settled, 'settles within 2,000 s').toBe(true);
  return await promise;
}

async function toArray(options: ConnectOptions): Promise<SseMessage[]> {
  const messages: SseMessage[] = [];
  for await (const message of connect(url, options)) messages.push(message);
  return messages;
}

const collect = async (rig: { clock: FakeClock; options: ConnectOptions }): Promise<SseMessage[]> =>
  await drive(rig.clock, toArray(rig.options));

/** Never answers; fails when it is aborted, as fetch does. */
async function silence({ signal }: Attempt): Promise<Response> {
  return await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

const end = (): Response => new Response(null, { status: 204 });

describe('[SSE-RESUME] a cut', () => {
  const events = [
    { id: 'e.1', data: 'one' },
    { id: 'e.2', data: 'zwei\nüñ🐟日\n' },
    { event: 'tick', id: 'e.3', data: '' },
    { id: 'e.4', event: 'tick', data: ' the end' },
  ];
  const expected = events.map((event) => ({
    event: event.event ?? 'message',
    data: event.data,
    lastEventId: event.id,
  }));

  /** What the server sends to a reader that has seen `lastEventId`. */
  function recordAfter(lastEventId: string | null): Uint8Array<ArrayBuffer> {
    const rest = events.slice(events.findIndex(({ id }) => id === lastEventId) + 1);
    const text = encodeRetry(10) + rest.map((event) => encodeComment('ü') + encode(event)).join('');
    return new TextEncoder().encode(text);
  }
  const recordLength = recordAfter(null).length;

  it.each(['cut', 'close'] as const)('at every byte loses and repeats nothing (%s)', async (how) => {
    for (let at = 0; at <= recordLength; at += 1) {
      const rig = createRig((attempt, index) => {
        const lastEventId = attempt.headers.get('Last-Event-ID');
        if (lastEventId === 'e.4') return end();
        const body = createBody(attempt);
        const bytes = recordAfter(lastEventId).slice(0, index === 0 ? at : undefined);
        // Small pieces, so that characters are split too.
        for (let from = 0; from < bytes.length; from += 3) body.push(bytes.slice(from, from + 3));
        if (how === 'close') body.close();
        // An error drops what is queued, so it comes when all has been read.
        else void rig.clock.sleep(500).then(() => body.cut());
        return body.response;
      });
      expect(await collect(rig), `${how} after byte ${at}`).toEqual(expected);
      expect(rig.attempts[0]?.headers.has('Last-Event-ID')).toBe(false);
      expect(rig.clock.pending).toBe(0);
    }
  });

  it('of a connection that the network refuses is tried again', async () => {
    const rig = createRig((_attempt, index) => {
      if (index < 5) throw new TypeError('fetch failed');
      return end();
    });
    expect(await collect(rig)).toEqual([]);
    expect(rig.attempts).toHaveLength(6);
    expect(rig.phases).toEqual(['connecting', 'ended']);
  });

  it('is resumed from a cursor that came without an event', async () => {
    const rig = createRig((attempt, index) => {
      if (index > 0) return end();
      const body = createBody(attempt);
      body.push('id: 9\n\n');
      body.close();
      return body.response;
    });
    expect(await collect(rig)).toEqual([]);
    expect(rig.attempts[1]?.headers.get('Last-Event-ID')).toBe('9');
  });

  it('waits for as long as the server asked for with retry', async () => {
    const rig = createOpenRig();
    const iterator = connect(url, rig.options);
    const pending = iterator.next();
    await rig.clock.advance(0);
    rig.bodies[0]?.push(encodeRetry(4_000));
    rig.bodies[0]?.close();
    await rig.clock.advance(3_999);
    expect(rig.attempts).toHaveLength(1);
    await rig.clock.advance(1);
    expect(rig.attempts).toHaveLength(2);
    expect(rig.phases).toEqual(['connecting', 'live', 'stale', 'live']);
    rig.bodies[1]?.push(encode({ data: 'a' }));
    expect((await pending).value?.data).toBe('a');
    await iterator.return();
  });
});

describe('[SSE-REQUEST] the request', () => {
  it('asks for headers anew at each attempt, and adds its own', async () => {
    let token = 0;
    const rig = createRig((_attempt, index) => {
      if (index === 2) return end();
      throw new TypeError('fetch failed');
    });
    const headers = async (): Promise<HeadersInit> => {
      token += 1;
      await rig.clock.sleep(10);
      return { Authorization: `Bearer ${token}` };
    };
    await collect({ ...rig, options: { ...rig.options, headers } });
    expect(rig.attempts.map((attempt) => attempt.headers.get('Authorization'))).toEqual([
      'Bearer 1',
      'Bearer 2',
      'Bearer 3',
    ]);
    expect(rig.attempts[0]?.headers.get('Accept')).toBe('text/event-stream');
  });

  it('begins after the given cursor', async () => {
    const rig = createRig(end);
    await collect({ ...rig, options: { ...rig.options, lastEventId: 'e.41' } });
    expect(rig.attempts[0]?.headers.get('Last-Event-ID')).toBe('e.41');
  });

  it('carries a cursor of any script as UTF-8, as browsers do', async () => {
    const rig = createRig(end);
    await collect({ ...rig, options: { ...rig.options, lastEventId: 'é日' } });
    const sent = rig.attempts[0]?.headers.get('Last-Event-ID') ?? '';
    const bytes = Uint8Array.from(sent, (character) => character.charCodeAt(0));
    expect(new TextDecoder().decode(bytes)).toBe('é日');
  });

  it.each(['a\x01b', '\x7f', '\x00'])('leaves out a cursor that no header can carry: %j', async (lastEventId) => {
    const rig = createRig(end);
    expect(await collect({ ...rig, options: { ...rig.options, lastEventId } })).toEqual([]);
    expect(rig.attempts.map(({ headers }) => headers.has('Last-Event-ID'))).toEqual([false]);
  });

  it('that is never answered is given up and made again', async () => {
    const rig = createRig((attempt, index) => (index === 0 ? silence(attempt) : end()));
    expect(await collect(rig)).toEqual([]);
    expect(rig.attempts[0]?.signal.aborted).toBe(true);
    expect(rig.attempts).toHaveLength(2);
  });
});

describe('[SSE-STATUS] the answer', () => {
  it('204 ends the iteration quietly', async () => {
    const rig = createRig(end);
    expect(await collect(rig)).toEqual([]);
    expect(rig.attempts).toHaveLength(1);
    expect(rig.phases).toEqual(['connecting', 'ended']);
    expect(rig.clock.pending).toBe(0);
  });

  it.each([
    { status: 404, type: 'application/problem+json' },
    { status: 401, type: 'text/event-stream' },
    { status: 200, type: 'text/html' },
    { status: 200, type: 'text/event-streams' },
  ])('$status $type throws request-failed and is not tried again', async ({ status, type }) => {
    const rig = createRig(() => new Response('because', { status, headers: { 'Content-Type': type } }));
    const failure = await collect(rig).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'request-failed', details: { status } });
    expect(rig.attempts).toHaveLength(1);
    expect(rig.phases.at(-1)).toBe('ended');
    expect(rig.clock.pending).toBe(0);
  });

  it.each([200, 404])('%d with a body that never ends throws request-failed too', async (status) => {
    const rig = createRig(({ signal }) => {
      const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start: (controller) => signal.addEventListener('abort', () => controller.error(signal.reason)),
        pull: (controller) => controller.enqueue(new TextEncoder().encode('x'.repeat(100))),
      });
      return new Response(readable, { status, headers: { 'Content-Type': 'text/plain' } });
    });
    const failure = await collect(rig).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'request-failed', details: { status } });
    expect(String((failure as StreamError).details['body']).length).toBeLessThan(16 * 1024 + 100);
    expect(rig.attempts).toHaveLength(1);
    expect(rig.attempts[0]?.signal.aborted).toBe(true);
  });

  it.each([
    { size: 1, times: 3 },
    { size: 2, times: 3 },
    { size: 3, times: 3 },
    { size: 1_000, times: 1_500 },
    { size: 20_000, times: 1_500 },
  ])('404 says all that its body does, in pieces of $size', async ({ size, times }) => {
    const problem = JSON.stringify({ status: 404, code: 'stream-deleted', detail: 'Gone 🐟 '.repeat(times) });
    const bytes = new TextEncoder().encode(problem);
    const rig = createRig((attempt) => {
      const body = createBody(attempt);
      for (let from = 0; from < bytes.length; from += size) body.push(bytes.slice(from, from + size));
      body.close();
      return new Response(body.response.body, { status: 404 });
    });
    const failure = await collect(rig).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'request-failed', details: { status: 404, body: problem } });
  });

  it('404 says what came of its body before that broke off', async () => {
    let rest = 2;
    const pull = (controller: ReadableStreamDefaultController): void => {
      rest -= 1;
      if (rest < 0) controller.error(new TypeError('network error'));
      else controller.enqueue(new TextEncoder().encode('because'));
    };
    const rig = createRig(() => new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { status: 404 }));
    const failure = await collect(rig).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'request-failed', details: { status: 404, body: 'becausebecause' } });
  });

  it('404 whose body falls silent is given up as a stream is, and made again', async () => {
    const bodies: Array<ReturnType<typeof createBody>> = [];
    const rig = createRig((attempt, index) => {
      if (index > 0) return end();
      const body = createBody(attempt);
      bodies.push(body);
      body.push('because');
      return new Response(body.response.body, { status: 404 });
    });
    expect(await collect(rig)).toEqual([]);
    expect(bodies[0]?.released).toBe(true);
    expect(rig.attempts).toHaveLength(2);
  });

  it.each([408, 425, 429, 500, 502, 503, 504])('%d is tried again', async (status) => {
    const rig = createRig((_attempt, index) => (index === 0 ? new Response('later', { status }) : end()));
    expect(await collect(rig)).toEqual([]);
    expect(rig.attempts).toHaveLength(2);
  });

  it.each(['seconds', 'date'])('503 is tried again not before Retry-After (%s)', async (kind) => {
    const rig = createRig((_attempt, index) => {
      if (index > 0) return end();
      const value = kind === 'seconds' ? '20' : new Date(rig.clock.now() + 20_000).toUTCString();
      return new Response(null, { status: 503, headers: { 'Retry-After': value } });
    });
    const done = toArray(rig.options);
    await rig.clock.advance(19_999);
    expect(rig.attempts).toHaveLength(1);
    await rig.clock.advance(1_001); // At most the first back-off on top.
    expect(rig.attempts).toHaveLength(2);
    expect(await done).toEqual([]);
  });

  it('gives the events before one that is too large, then throws event-too-large', async () => {
    const rig = createOpenRig();
    const iterator = connect(url, { ...rig.options, maxEventLength: 50 });
    const first = iterator.next();
    await rig.clock.advance(0);
    rig.bodies[0]?.push(`data: a\n\ndata: b\n\ndata: ${'x'.repeat(100)}\n\n`);
    expect((await first).value?.data).toBe('a');
    expect((await iterator.next()).value?.data).toBe('b');
    await expect(iterator.next()).rejects.toMatchObject({ code: 'event-too-large' });
    expect(rig.bodies[0]?.released).toBe(true);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('[SSE-UTF8] bytes', () => {
  it.each([1, 2, 3, 5, 1_000])('in pieces of %d give the same events, a byte order mark first', async (size) => {
    const rig = createRig((attempt, index) => {
      if (index > 0) return end();
      const body = createBody(attempt);
      const bytes = new TextEncoder().encode('\ufeffdata: a\ufeff🐟日\r\n\r\n\ufeffdata: not\n\ndata: é\n\n');
      for (let from = 0; from < bytes.length; from += size) body.push(bytes.slice(from, from + size));
      body.close();
      return body.response;
    });
    expect((await collect(rig)).map(({ data }) => data)).toEqual(['a\ufeff🐟日', 'é']);
  });
});

describe('[SSE-SILENCE] silence', () => {
  it('of two and a half heartbeats ends a connection, and the next goes on from the cursor', async () => {
    const rig = createOpenRig();
    const iterator = connect(url, { ...rig.options, heartbeatMs: 2_000 });
    const first = iterator.next();
    await rig.clock.advance(0);
    rig.bodies[0]?.push(encode({ id: '1', data: 'a' }));
    expect((await first).value?.data).toBe('a');
    const second = iterator.next();
    await rig.clock.advance(4_999);
    expect(rig.bodies[0]?.released).toBe(false);
    await rig.clock.advance(1);
    expect(rig.bodies[0]?.released).toBe(true);
    expect(rig.phases.at(-1)).toBe('stale');
    await rig.clock.advance(1_000);
    expect(rig.attempts[1]?.headers.get('Last-Event-ID')).toBe('1');
    rig.bodies[1]?.push(encode({ id: '2', data: 'b' }));
    expect((await second).value?.data).toBe('b');
    await iterator.return();
  });

  it('is broken by heartbeat comments', async () => {
    const rig = createOpenRig();
    const iterator = connect(url, { ...rig.options, heartbeatMs: 2_000 });
    const pending = iterator.next();
    for (let beat = 0; beat < 30; beat += 1) {
      await rig.clock.advance(4_900);
      rig.bodies[0]?.push(encodeComment('heartbeat'));
    }
    expect(rig.attempts).toHaveLength(1);
    rig.bodies[0]?.push(encode({ data: 'a' }));
    expect((await pending).value?.data).toBe('a');
    await iterator.return();
  });
});

describe('[SSE-PACE] a slow consumer', () => {
  it('stops the reading until it has taken all', async () => {
    const rig = createOpenRig();
    const iterator = connect(url, rig.options);
    const first = iterator.next();
    await rig.clock.advance(0);
    const body = rig.bodies[0];
    expect(body?.pulls).toBe(1);
    body?.push(encode({ data: 'a' }) + encode({ data: 'b' }));
    expect((await first).value?.data).toBe('a');
    await rig.clock.advance(100);
    expect(body?.pulls).toBe(1);
    expect((await iterator.next()).value?.data).toBe('b');
    await rig.clock.advance(100);
    expect(body?.pulls).toBe(1);
    const third = iterator.next();
    await rig.clock.advance(0);
    expect(body?.pulls).toBe(2);
    body?.push(encode({ data: 'c' }));
    expect((await third).value?.data).toBe('c');
    await iterator.return();
  });

  it.each([1, 2])('is not taken for a silent server (%d events in hand)', async (count) => {
    const rig = createOpenRig();
    const iterator = connect(url, rig.options);
    const first = iterator.next();
    await rig.clock.advance(0);
    rig.bodies[0]?.push(encode({ data: 'a' }).repeat(count));
    await first;
    await rig.clock.advance(600_000);
    expect(rig.attempts).toHaveLength(1);
    expect(rig.phases).toEqual(['connecting', 'live']);
    for (let index = 1; index < count; index += 1) expect((await iterator.next()).value?.data).toBe('a');
    const next = iterator.next();
    await rig.clock.advance(0);
    rig.bodies[0]?.push(encode({ data: 'b' }));
    expect((await next).value?.data).toBe('b');
    await iterator.return();
  });
});
