import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StreamError } from '../core/errors.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { connect, type ConnectOptions } from './connect.ts';

const url = 'https://example.test/events';
const eventStream = { 'Content-Type': 'text/event-stream' };

interface Asked {
  readonly method: string | undefined;
  readonly headers: Headers;
  readonly body: unknown;
  readonly signal: AbortSignal;
  readonly atMs: number;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

const says =
  (status: number, headers: HeadersInit = {}): Answer =>
  () =>
    new Response(status === 204 ? null : 'because', { status, headers });

const sends =
  (text: string): Answer =>
  () =>
    new Response(text, { headers: eventStream });

/** A body that breaks off when `text` was read. */
const cutsAfter =
  (text: string): Answer =>
  () => {
    const pieces = [new TextEncoder().encode(text)];
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) controller.error(new TypeError('terminated'));
        else controller.enqueue(piece);
      },
    });
    return new Response(body, { headers: eventStream });
  };

const refuses: Answer = () => {
  throw new TypeError('fetch failed');
};

const isSilent: Answer = async ({ signal }) =>
  await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** Follows to the end before a server that gives these answers in turn, then 204. */
async function follow(answers: readonly Answer[], options: ConnectOptions = {}) {
  const clock = createFakeClock();
  const asked: Asked[] = [];
  const lost: unknown[] = [];
  const phases: string[] = [];
  const events: string[] = [];
  let failure: unknown;
  let isOver = false;
  async function run(): Promise<void> {
    const all: ConnectOptions = {
      clock,
      random: { float: () => 0.5 },
      onLost: (reason) => lost.push(reason),
      onPhase: (phase) => phases.push(phase),
      async fetch(_address, init = {}) {
        const { method, headers, body, signal } = init;
        if (!(signal instanceof AbortSignal)) throw new Error('Expected a signal');
        const now: Asked = { method, headers: new Headers(headers), body, signal, atMs: clock.now() };
        asked.push(now);
        return await (answers[asked.length - 1] ?? says(204))(now);
      },
      ...options,
    };
    try {
      for await (const { data } of connect(url, all)) events.push(data);
    } catch (error) {
      failure = error;
    }
    isOver = true;
  }
  const running = run();
  for (let round = 0; round < 1_000 && !isOver; round += 1) await clock.advance(1_000);
  expect(isOver, 'ends within 1,000 s').toBe(true);
  await running;
  expect(clock.pending).toBe(0);
  return { asked, lost, phases, events, failure };
}

describe('[SSE-REQUEST] the request', () => {
  it('is a GET without a body, past every cache, where nothing else is said', async () => {
    const { asked } = await follow([]);
    expect(asked).toMatchObject([{ method: undefined, body: undefined }]);
    expect([...(asked[0]?.headers ?? [])]).toEqual([['accept', 'text/event-stream']]);
  });

  it('has any method, headers and body, the same each time', async () => {
    const body = new FormData();
    const headers = { 'Content-Type': 'x/y', Accept: 'text/html', 'Last-Event-ID': 'mine' };
    const options = { method: 'PUT', headers, body, idempotent: true };
    const { asked } = await follow([refuses, sends('id: 1\ndata: a\n\n')], options);
    expect(asked.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT']);
    for (const each of asked) {
      expect(each.body).toBe(body);
      expect(each.headers.get('Content-Type')).toBe('x/y');
      expect(each.headers.get('Accept')).toBe('text/event-stream');
    }
    expect(asked.map((each) => each.headers.get('Last-Event-ID'))).toEqual(['mine', 'mine', '1']);
  });

  it('gets its headers anew each time; where they cannot be had it is tried again later', async () => {
    let asks = 0;
    const expired = new Error('no token');
    const headers = async (): Promise<HeadersInit> => {
      asks += 1;
      if (asks === 2 || asks === 3) throw expired;
      return { Authorization: `Bearer ${asks}` };
    };
    const { asked, lost, events } = await follow([sends('data: a\n\n')], { headers });
    expect(asked.map((each) => each.headers.get('Authorization'))).toEqual(['Bearer 1', 'Bearer 4']);
    expect(lost).toEqual([undefined, expired, expired]);
    // Half of 1 s, of 2 s and of 4 s.
    expect((asked[1]?.atMs ?? 0) - (asked[0]?.atMs ?? 0)).toBe(3_500);
    expect(events).toEqual(['a']);
  });

  it.each(['get', 'GET', 'HEAD'])('is sent again where it is a %s', async (method) => {
    const { asked } = await follow([refuses], { method });
    expect(asked).toHaveLength(2);
  });
});

describe('[SSE-REPEAT] a POST', () => {
  const post: ConnectOptions = { method: 'POST', body: '{"text":"Hi"}' };

  it.each([
    { what: 'whose connection is refused', answer: refuses, events: [], reason: 'fetch failed' },
    {
      what: 'whose answer is cut',
      answer: cutsAfter('id: 1\ndata: a\n\ndata: b'),
      events: ['a'],
      reason: 'terminated',
    },
    { what: 'that is never answered', answer: isSilent, events: [], reason: 'silent' },
  ])('$what is not sent again, and the error says what would allow it', async ({ answer, events, reason }) => {
    const outcome = await follow([answer], post);
    expect(outcome.asked).toHaveLength(1);
    expect(outcome.events).toEqual(events);
    expect(outcome.failure).toBeInstanceOf(StreamError);
    expect(outcome.failure).toMatchObject({
      code: 'request-failed',
      message: expect.stringMatching(new RegExp(`POST.*${reason}.*idempotent: true`)),
      cause: expect.objectContaining({ message: expect.stringContaining(reason) }),
    });
    expect(outcome.lost).toEqual([]);
  });

  it.each([429, 500, 503])('that is answered with %d is not sent again', async (status) => {
    const outcome = await follow([says(status, { 'Retry-After': '1' })], post);
    expect(outcome.asked).toHaveLength(1);
    expect(outcome.failure).toMatchObject({ code: 'request-failed', details: { status, body: 'because' } });
    expect(outcome.lost).toEqual([]);
  });

  it('ends where its answer does', async () => {
    const outcome = await follow([sends('data: a\n\ndata: b\n\n')], post);
    expect(outcome.asked).toHaveLength(1);
    expect(outcome.events).toEqual(['a', 'b']);
    expect(outcome.failure).toBeUndefined();
    expect(outcome.phases).toEqual(['connecting', 'live', 'ended']);
  });

  it('that was cut or fell silent is never said to come back', async () => {
    const fallsSilent = (): Response => new Response(new ReadableStream(), { headers: eventStream });
    for (const answer of [cutsAfter('data: a\n\n'), fallsSilent]) {
      expect((await follow([answer], post)).phases).toEqual(['connecting', 'live', 'ended']);
    }
  });

  it.each([
    { what: 'refused', answer: refuses },
    { what: 'cut', answer: cutsAfter('id: 1\ndata: a\n\n') },
    { what: 'silent', answer: isSilent },
    { what: '503', answer: says(503) },
    { what: 'its end', answer: sends('id: 1\ndata: a\n\n') },
  ])('that is idempotent is sent again after $what, with the same body', async ({ answer }) => {
    const { asked, failure } = await follow([answer], { ...post, idempotent: true });
    expect(asked.map(({ method, body }) => [method, body])).toEqual([
      ['POST', post.body],
      ['POST', post.body],
    ]);
    expect(failure).toBeUndefined();
  });
});

describe('[SSE-STATUS] the status', () => {
  const worthAnotherTry = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status);

  it('408, 425, 429 and those from 500 on are worth another attempt, and no other', async () => {
    for (let status = 400; status < 600; status += 1) {
      const { asked, failure, lost } = await follow([says(status)]);
      expect(asked, `of ${status}`).toHaveLength(worthAnotherTry(status) ? 2 : 1);
      const error: unknown = failure ?? lost[0];
      expect(error).toMatchObject({ code: 'request-failed', details: { status, body: 'because' } });
      expect(failure === undefined, `of ${status}`).toBe(worthAnotherTry(status));
    }
  });

  const inTwentySeconds = new Date(createFakeClock().now() + 20_000).toUTCString();

  it.each([
    { value: '20', waitMs: 20_000 },
    { value: inTwentySeconds, waitMs: 20_000 },
    { value: '0', waitMs: 0 },
    { value: 'Thu, 01 Jan 1970 00:00:00 GMT', waitMs: 0 },
    { value: 'soon', waitMs: 0 },
    { value: '', waitMs: 0 },
  ])('503 with Retry-After: $value is tried again after that and the back-off', async ({ value, waitMs }) => {
    const { asked } = await follow([says(503, { 'Retry-After': value })]);
    expect((asked[1]?.atMs ?? 0) - (asked[0]?.atMs ?? 0)).toBe(waitMs + 500);
  });
});

describe('[SSE-STATUS] onLost', () => {
  it('is told why, each time: nothing where the stream just ended', async () => {
    const { lost } = await follow([sends('data: a\n\n'), cutsAfter(''), refuses, says(503), isSilent]);
    expect(lost).toEqual([
      undefined,
      new TypeError('terminated'),
      new TypeError('fetch failed'),
      expect.objectContaining({ code: 'request-failed', details: { status: 503, body: 'because' } }),
      expect.objectContaining({ name: 'TimeoutError' }),
    ]);
  });

  it('is not called at the end', async () => {
    expect((await follow([])).lost).toEqual([]);
    expect((await follow([says(404)])).lost).toEqual([]);
  });
});

describe('[SSE-SILENCE] heartbeatMs: 0', () => {
  it('takes no silence for a dead connection, answered or not', async () => {
    for (const answer of [isSilent, () => new Response(new ReadableStream(), { headers: eventStream })]) {
      const clock = createFakeClock();
      const controller = new AbortController();
      let requests = 0;
      const fetch = async (_address: unknown, init: RequestInit = {}): Promise<Response> => {
        requests += 1;
        return await answer({ signal: init.signal ?? controller.signal } as Asked); // All that these look at.
      };
      const next = connect(url, { clock, fetch, heartbeatMs: 0, signal: controller.signal }).next();
      await clock.advance(0);
      expect(clock.pending).toBe(0);
      await clock.advance(86_400_000);
      expect(requests).toBe(1);
      controller.abort();
      await expect(next).rejects.toBe(controller.signal.reason);
    }
  });
});

describe('[SSE-SILENCE] a page that slept longer than a server may be silent', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  async function sleepIn(options: ConnectOptions) {
    const window = new EventTarget();
    vi.stubGlobal('window', window);
    vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
    const clock = createFakeClock();
    const lost: unknown[] = [];
    let requests = 0;
    async function fetch(): Promise<Response> {
      requests += 1;
      return requests === 1
        ? new Response(new ReadableStream(), { headers: eventStream })
        : new Response(null, { status: 204 });
    }
    const next = connect(url, { clock, fetch, onLost: (reason) => lost.push(reason), ...options }).next();
    const settled = next.then(
      () => 'ended',
      (error: unknown) => error,
    );
    await clock.advance(0);
    clock.jump(clock.now() + 3_600_000);
    window.dispatchEvent(new Event('pageshow'));
    await clock.advance(0);
    return { requests, lost, end: await settled };
  }

  it('asks again at once when it wakes, and is told that the stream was lost', async () => {
    const { requests, lost, end } = await sleepIn({});
    expect(requests).toBe(2);
    expect(lost).toEqual([expect.objectContaining({ name: 'TimeoutError' })]);
    expect(end).toBe('ended');
  });

  it('does not send a POST again', async () => {
    const { requests, lost, end } = await sleepIn({ method: 'POST' });
    expect(requests).toBe(1);
    expect(lost).toEqual([]);
    expect(end).toMatchObject({ code: 'request-failed', message: expect.stringContaining('idempotent: true') });
  });
});

describe('[SSE-REQUEST] a redirect, over real sockets,', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function listen(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // As it is for one that listens on a port.
  }

  /** Two origins: `/same` and `/other` of the first lead to the events of the one and the other. */
  async function openOrigins() {
    const seen: IncomingHttpHeaders[] = [];
    const serve: RequestListener = (request, response) => {
      const target = request.url === '/same' ? '/events' : `${other}/events`;
      if (request.url !== '/events') response.writeHead(307, { Location: target }).end();
      else {
        seen.push(request.headers);
        response.writeHead(200, eventStream).end('data: a\n\n');
      }
    };
    const other = await listen(serve);
    return { seen, first: await listen(serve) };
  }

  const headers = { Authorization: 'Bearer secret', Cookie: 'session=secret', 'X-Own': 'kept' };

  it.each([
    { to: '/same', expected: { authorization: 'Bearer secret', cookie: 'session=secret', 'x-own': 'kept' } },
    { to: '/other', expected: { authorization: undefined, cookie: undefined, 'x-own': 'kept' } },
  ])('to $to carries Authorization and Cookie to no other origin', async ({ to, expected }) => {
    const { first, seen } = await openOrigins();
    const iterator = connect(`${first}${to}`, { headers, lastEventId: '7' });
    expect((await iterator.next()).value?.data).toBe('a');
    await iterator.return();
    const [got] = seen;
    expect(got).toMatchObject({ accept: 'text/event-stream', 'last-event-id': '7', 'x-own': 'kept' });
    expect({ authorization: got?.authorization, cookie: got?.cookie, 'x-own': got?.['x-own'] }).toEqual(expected);
  });

  it('with redirect: error is not followed, and counts as a loss', async () => {
    const { first, seen } = await openOrigins();
    const controller = new AbortController();
    const reasons: unknown[] = [];
    const enough = new Error('enough');
    function onLost(reason: unknown): void {
      reasons.push(reason);
      if (reasons.length === 2) controller.abort(enough);
    }
    const options = { headers, onLost, redirect: 'error', baseMs: 1, signal: controller.signal } as const;
    await expect(connect(`${first}/other`, options).next()).rejects.toBe(enough);
    expect(reasons).toEqual([expect.any(TypeError), expect.any(TypeError)]);
    expect(seen).toEqual([]);
  });
});
