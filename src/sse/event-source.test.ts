// oxlint-disable unicorn/prefer-add-event-listener -- The event handlers are a part of what is tested.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createFakeClock } from '../testing/fake-clock.ts';
import { EventSource, type EventSourceOptions } from './event-source.ts';

const url = 'https://example.test/events';

/** A body under the test's hand. Like one that no `fetch` made, it knows nothing of the request's signal. */
function createBody(headers: HeadersInit = { 'Content-Type': 'text/event-stream' }) {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(given) {
      controller = given;
    },
    cancel() {
      cancelled = true;
    },
  });
  return {
    stream,
    response: () => new Response(stream, { headers }),
    push: (text: string) => controller.enqueue(encoder.encode(text)),
    end: () => controller.close(),
    cut: () => controller.error(new TypeError('network error')),
    get cancelled() {
      return cancelled;
    },
  };
}

/** What a listener can see, in one line: `message 1 "a" id=7`. */
function traceOf(source: EventSource, ...types: string[]): string[] {
  const trace: string[] = [];
  for (const type of ['open', 'message', 'error', ...types]) {
    source.addEventListener(type, (event) => {
      const { readyState } = source;
      if (event instanceof MessageEvent) {
        const { data, lastEventId } = event as MessageEvent<string>;
        trace.push(`${event.type} ${readyState} ${JSON.stringify(data)} id=${lastEventId}`);
      } else trace.push(`${event.type} ${readyState}`);
    });
  }
  return trace;
}

/** A source before a server that `answer` plays; without an answer it gets a body that stays open. */
function createRig(answer?: (index: number) => Response | undefined, options: EventSourceOptions = {}) {
  const clock = createFakeClock();
  const requests: Array<{ readonly address: string; readonly init: RequestInit; readonly headers: Headers }> = [];
  const bodies: Array<ReturnType<typeof createBody>> = [];
  const source = new EventSource(url, {
    clock,
    random: { float: () => 0 },
    fetch: async (address, init = {}) => {
      requests.push({ address: new Request(address).url, init, headers: new Headers(init.headers) });
      const given = answer?.(requests.length - 1);
      if (given !== undefined) return given;
      const body = createBody();
      bodies.push(body);
      return body.response();
    },
    ...options,
  });
  return { clock, requests, bodies, source, trace: traceOf(source, 'tick') };
}

/** A rig whose first connection is open. */
async function createOpenRig(options?: EventSourceOptions) {
  const rig = createRig(undefined, options);
  await rig.clock.advance(0);
  return rig;
}

const emptyAnswer = (status: number): Response => new Response(null, { status });

describe('[SSE-INTERFACE] the interface', () => {
  it('has its constants on the class and on each instance, and they cannot be changed', () => {
    const { source } = createRig();
    for (const target of [EventSource, EventSource.prototype, source]) {
      expect([target.CONNECTING, target.OPEN, target.CLOSED]).toEqual([0, 1, 2]);
    }
    for (const target of [EventSource, EventSource.prototype]) {
      expect(Object.getOwnPropertyDescriptor(target, 'OPEN')).toEqual({
        value: 1,
        writable: false,
        enumerable: true,
        configurable: false,
      });
    }
    source.close();
  });

  it('is an EventTarget that begins as CONNECTING, without handlers, cursor or credentials', async () => {
    const { clock, source, trace } = createRig();
    expect(source).toBeInstanceOf(EventTarget);
    expect(source.readyState).toBe(EventSource.CONNECTING);
    expect([source.onopen, source.onmessage, source.onerror]).toEqual([null, null, null]);
    expect([source.lastEventId, source.reconnectionTime, source.withCredentials]).toEqual(['', 3_000, false]);
    await clock.advance(0);
    expect(trace).toEqual(['open 1']);
    source.close();
    expect(source.readyState).toBe(EventSource.CLOSED);
  });

  it('spells its address in full', () => {
    vi.stubGlobal('location', { href: 'https://example.test/app/page?a#b' });
    const options = { clock: createFakeClock(), fetch: async () => emptyAnswer(204) };
    const spellings = ['../events?x=é', '//other.test', 'HTTPS://Example.TEST:443/%7e#part', new URL('http://a.test')];
    expect(spellings.map((spelling) => new EventSource(spelling, options).url)).toEqual([
      'https://example.test/events?x=%C3%A9',
      'https://other.test/',
      'https://example.test/%7e#part',
      'http://a.test/',
    ]);
    vi.unstubAllGlobals();
  });

  it.each(['http://', '/relative/without/a/page'])('throws a SyntaxError for %s, and asks for nothing', (address) => {
    const fetch = vi.fn<typeof globalThis.fetch>();
    expect(() => new EventSource(address, { fetch })).toThrow(expect.objectContaining({ name: 'SyntaxError' }));
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([
    { withCredentials: undefined, credentials: undefined }, // As fetch does: same-origin.
    { withCredentials: false, credentials: undefined },
    { withCredentials: true, credentials: 'include' },
  ])('withCredentials $withCredentials asks with credentials $credentials', ({ withCredentials, credentials }) => {
    const { source, requests } = createRig(undefined, { withCredentials });
    expect(source.withCredentials).toBe(withCredentials === true);
    expect(requests[0]?.init.credentials).toBe(credentials);
    source.close();
  });

  it('asks with GET for an event stream, past every cache', () => {
    const { source, requests } = createRig();
    const [request] = requests;
    expect(request?.address).toBe(url);
    expect(request?.init).toMatchObject({ method: undefined, body: undefined, cache: 'no-store' });
    expect([...(request?.headers ?? [])]).toEqual([['accept', 'text/event-stream']]);
    source.close();
  });
});

describe('[SSE-INTERFACE] event handlers', () => {
  const order = async (set: (source: EventSource, heard: string[]) => void): Promise<string[]> => {
    const { clock, bodies, source } = await createOpenRig();
    const heard: string[] = [];
    set(source, heard);
    bodies[0]?.push('data: a\n\n');
    await clock.advance(0);
    source.close();
    return heard;
  };

  it('are called on the source with the event, each for its type', async () => {
    const rig = createRig();
    const { clock, source } = rig;
    const calls: unknown[] = [];
    function handle(this: EventSource, event: Event): void {
      calls.push([this === source, event.target === source, event.type]);
    }
    source.onopen = handle;
    source.onmessage = handle;
    source.onerror = handle;
    expect(source.onmessage).toBe(handle);
    await clock.advance(0);
    rig.bodies[0]?.push('data: a\n\nevent: tick\ndata: b\n\n');
    await clock.advance(0);
    rig.bodies[0]?.cut();
    await clock.advance(0);
    expect(calls).toEqual(['open', 'message', 'error'].map((type) => [true, true, type]));
    source.close();
  });

  it('keep their place among the listeners when they are replaced', async () => {
    const heard = await order((source, into) => {
      source.onmessage = () => into.push('first');
      source.addEventListener('message', () => into.push('listener'));
      source.onmessage = () => into.push('second');
    });
    expect(heard).toEqual(['second', 'listener']);
  });

  it('lose their place when they are set to null in between', async () => {
    const heard = await order((source, into) => {
      const handler = (): number => into.push('handler');
      source.onmessage = handler;
      source.addEventListener('message', () => into.push('listener'));
      source.onmessage = null;
      expect(source.onmessage).toBeNull();
      source.onmessage = handler;
    });
    expect(heard).toEqual(['listener', 'handler']);
  });

  it.each([null, undefined, 'alert(1)', 7])('are none where they are set to %j', async (value) => {
    const heard = await order((source, into) => {
      source.onmessage = () => into.push('handler');
      Object.assign(source, { onmessage: value });
      expect(source.onmessage).toBeNull();
    });
    expect(heard).toEqual([]);
  });

  it('that are objects are kept and not called, as in browsers', async () => {
    const heard = await order((source, into) => {
      const value = { handleEvent: () => into.push('object') };
      Object.assign(source, { onmessage: value });
      expect(source.onmessage).toBe(value);
    });
    expect(heard).toEqual([]);
  });
});

describe('[SSE-INTERFACE] events', () => {
  it('have the name, the data and the cursor, which stays until it is changed', async () => {
    const { clock, bodies, source, trace } = await createOpenRig();
    bodies[0]?.push('data: a\n\nid: 7\ndata: b\ndata: c\n\nevent: tick\ndata: d\n\nid\ndata\n\nevent: tick\nid: 8\n\n');
    await clock.advance(0);
    expect(trace).toEqual([
      'open 1',
      'message 1 "a" id=',
      'message 1 "b\\nc" id=7',
      'tick 1 "d" id=7',
      'message 1 "" id=',
    ]);
    expect(source.lastEventId).toBe('8');
    source.close();
  });

  it('know the cursor while they are told, and not the one of a later event', async () => {
    const { clock, bodies, source } = await createOpenRig();
    const cursors: string[] = [];
    source.onmessage = () => cursors.push(source.lastEventId);
    bodies[0]?.push('id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n');
    await clock.advance(0);
    expect(cursors).toEqual(['1', '2']);
    expect(source.lastEventId).toBe('2');
    source.close();
  });

  it('named like the source’s own come as messages, and change nothing', async () => {
    const { clock, bodies, source, trace } = await createOpenRig();
    bodies[0]?.push('event: error\ndata: a\n\nevent: open\ndata: b\n\n');
    await clock.advance(0);
    expect(trace).toEqual(['open 1', 'error 1 "a" id=', 'open 1 "b" id=']);
    source.close();
  });

  it('can neither be cancelled nor bubble', async () => {
    const { clock, bodies, source } = await createOpenRig();
    const seen: Event[] = [];
    for (const type of ['message', 'error']) source.addEventListener(type, (event) => seen.push(event));
    bodies[0]?.push('data: a\n\n');
    await clock.advance(0);
    bodies[0]?.cut();
    await clock.advance(0);
    expect(seen.map(({ type, bubbles, cancelable }) => [type, bubbles, cancelable])).toEqual([
      ['message', false, false],
      ['error', false, false],
    ]);
    source.close();
  });

  it.each([
    { at: '', origin: 'https://example.test' },
    { at: 'https://other.test:8443/moved?x', origin: 'https://other.test:8443' },
  ])('have the origin that answered, behind all redirects ($origin)', async ({ at, origin }) => {
    const body = createBody();
    const response = Object.defineProperty(body.response(), 'url', { value: at });
    const { clock, source } = createRig(() => response);
    const origins: string[] = [];
    source.onmessage = (event) => origins.push(event.origin);
    await clock.advance(0);
    body.push('data: a\n\n');
    await clock.advance(0);
    expect(origins).toEqual([origin]);
    expect(source.url).toBe(url);
    source.close();
  });

  describe('whose listener throws', () => {
    const reporters = process.listeners('uncaughtException');
    afterEach(() => {
      process.removeAllListeners('uncaughtException');
      for (const reporter of reporters) process.on('uncaughtException', reporter);
    });

    it('are followed by the next, for the runtime reports the error', async () => {
      const { clock, bodies, source, trace } = await createOpenRig();
      const reported: unknown[] = [];
      const both = Promise.withResolvers<void>();
      process.removeAllListeners('uncaughtException');
      process.on('uncaughtException', (error) => {
        if (reported.push(error) === 2) both.resolve();
      });
      const error = new Error('of a listener');
      source.onmessage = () => {
        throw error;
      };
      bodies[0]?.push('data: a\n\ndata: b\n\n');
      await clock.advance(0);
      await both.promise;
      expect(reported).toEqual([error, error]);
      expect(trace).toEqual(['open 1', 'message 1 "a" id=', 'message 1 "b" id=']);
      expect(source.readyState).toBe(EventSource.OPEN);
      source.close();
    });
  });
});

describe('[SSE-STATUS] the answer', () => {
  it.each([204, 205, 206, 301, 304, 400, 404, 408, 429, 500, 503])('%d ends it with one error', async (status) => {
    const headers = { 'Content-Type': 'text/event-stream', 'Retry-After': '1' };
    const { clock, requests, source, trace } = createRig(() => new Response(null, { status, headers }));
    await clock.advance(600_000);
    expect(trace).toEqual(['error 2']);
    expect(source.readyState).toBe(EventSource.CLOSED);
    expect(requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it.each(['text/plain', 'text/event-streams', 'text/event-stream-x', 'x-text/event-stream', '', undefined])(
    '200 with the type %j ends it with one error',
    async (type) => {
      const { clock, requests, trace } = createRig(() => {
        const response = new Response('data: a\n\n');
        response.headers.delete('Content-Type');
        if (type !== undefined) response.headers.set('Content-Type', type);
        return response;
      });
      await clock.advance(600_000);
      expect(trace).toEqual(['error 2']);
      expect(requests).toHaveLength(1);
    },
  );

  it.each([
    'text/event-stream',
    'Text/Event-Stream;charset=UTF-8',
    'text/event-stream ; x="a;b"',
    'text/event-stream;',
  ])('200 with the type %j is an event stream', async (type) => {
    const body = createBody({ 'Content-Type': type });
    const { clock, source, trace } = createRig(() => body.response());
    await clock.advance(0);
    expect(trace).toEqual(['open 1']);
    source.close();
  });

  it('of no use ends it though its body never comes', async () => {
    const body = createBody();
    const { clock, trace } = createRig(() => new Response(body.stream, { status: 500 }));
    await clock.advance(0);
    expect(trace).toEqual(['error 2']);
  });
});

describe('[SSE-RESUME] reconnecting', () => {
  it('follows an end, a loss and a refused connection, with an error before it and an open behind it', async () => {
    const { clock, requests, bodies, source, trace } = createRig((index) => {
      if (index === 2) throw new TypeError('fetch failed');
      return index === 4 ? emptyAnswer(204) : undefined;
    });
    await clock.advance(0);
    bodies[0]?.end();
    await clock.advance(10_000);
    bodies[1]?.cut();
    await clock.advance(10_000);
    expect(requests).toHaveLength(4);
    bodies[2]?.end();
    await clock.advance(10_000);
    expect(trace).toEqual(['open 1', 'error 0', 'open 1', 'error 0', 'error 0', 'open 1', 'error 0', 'error 2']);
    expect(source.readyState).toBe(EventSource.CLOSED);
    expect(clock.pending).toBe(0);
  });

  it('waits for the reconnection time, also before the server has asked for one', async () => {
    const { clock, requests, bodies, source } = await createOpenRig();
    for (const [index, count] of [2, 3].entries()) {
      bodies[index]?.end();
      await clock.advance(2_999);
      expect(requests).toHaveLength(count - 1);
      await clock.advance(1);
      expect(requests).toHaveLength(count);
    }
    source.close();
  });

  it('waits for as long as the server asked, until it asks for something else', async () => {
    const { clock, requests, bodies, source } = await createOpenRig();
    bodies[0]?.push('retry: 5000\n');
    await clock.advance(0);
    expect(source.reconnectionTime).toBe(5_000);
    for (const [index, count] of [2, 3].entries()) {
      bodies[index]?.end();
      await clock.advance(4_999);
      expect(requests).toHaveLength(count - 1);
      await clock.advance(1);
      expect(requests).toHaveLength(count);
    }
    bodies[2]?.push('retry: 10\nretry: soon\n');
    bodies[2]?.end();
    await clock.advance(9);
    expect(requests).toHaveLength(3);
    await clock.advance(1);
    expect(requests).toHaveLength(4);
    source.close();
  });

  it('backs off where the losses go on, on top of what was asked for', async () => {
    const longest = { float: () => 1 - Number.EPSILON };
    const waits: number[] = [];
    const clock = createFakeClock();
    let lastAtMs = clock.now();
    const fetch = async (): Promise<Response> => {
      waits.push(clock.now() - lastAtMs);
      lastAtMs = clock.now();
      return new Response('retry: 100\n', { headers: { 'Content-Type': 'text/event-stream' } });
    };
    const source = new EventSource(url, { clock, fetch, random: longest });
    await clock.advance(400_000);
    source.close();
    expect(waits.slice(0, 9)).toEqual([0, 100, 6_099, 12_099, 24_099, 48_099, 60_099, 60_099, 60_099]);
  });

  it('goes on from the cursor, which it sends as UTF-8', async () => {
    const { clock, requests, bodies, source } = await createOpenRig();
    expect(requests[0]?.headers.has('Last-Event-ID')).toBe(false);
    bodies[0]?.push('id: é🐟\n\nid: half of a block\ndata: a\n');
    bodies[0]?.end();
    await clock.advance(3_000);
    const sent = requests[1]?.headers.get('Last-Event-ID') ?? '';
    expect(Buffer.from(sent, 'latin1').toString()).toBe('é🐟');
    source.close();
  });

  it('asks the address that it was given each time, wherever the last answer came from', async () => {
    const { clock, requests, source } = createRig(() => {
      const headers = { 'Content-Type': 'text/event-stream' };
      return Object.defineProperty(new Response('', { headers }), 'url', { value: 'https://other.test/' });
    });
    await clock.advance(3_000);
    expect(requests.map(({ address }) => address)).toEqual([url, url]);
    source.close();
  });

  it('sends no cursor any more once an empty id has cleared it', async () => {
    const { clock, requests, bodies, source } = await createOpenRig();
    bodies[0]?.push('id: 1\ndata: a\n\n');
    bodies[0]?.end();
    await clock.advance(3_000);
    expect(requests[1]?.headers.get('Last-Event-ID')).toBe('1');
    bodies[1]?.push('id\n\n');
    bodies[1]?.end();
    await clock.advance(3_000);
    expect(requests[2]?.headers.has('Last-Event-ID')).toBe(false);
    source.close();
  });

  it('drops the half of an event and begins the next stream afresh', async () => {
    const { clock, bodies, source, trace } = await createOpenRig();
    bodies[0]?.push('event: tick\ndata: half');
    bodies[0]?.end();
    await clock.advance(3_000);
    bodies[1]?.push('\n\ndata: whole\n\n');
    await clock.advance(0);
    expect(trace).toEqual(['open 1', 'error 0', 'open 1', 'message 1 "whole" id=']);
    source.close();
  });
});

describe('[SSE-INTERFACE] close', () => {
  it('in the middle of a piece stops what comes behind it, without an event', async () => {
    const { clock, bodies, source, trace } = await createOpenRig();
    source.addEventListener('message', () => source.close());
    bodies[0]?.push('data: a\n\ndata: b\n\nevent: tick\ndata: c\n\n');
    await clock.advance(600_000);
    expect(trace).toEqual(['open 1', 'message 1 "a" id=']);
    expect(source.readyState).toBe(EventSource.CLOSED);
    expect(bodies[0]?.cancelled).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it.each(['open', 'error'])('by the listener of %s ends it', async (type) => {
    const { clock, requests, bodies, source } = createRig();
    source.addEventListener(type, () => source.close());
    await clock.advance(0);
    if (type === 'error') bodies[0]?.cut();
    await clock.advance(600_000);
    expect(source.readyState).toBe(EventSource.CLOSED);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.init.signal?.aborted).toBe(true);
    if (type === 'open') expect(bodies[0]?.cancelled).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('while it connects aborts the request, and an answer that comes all the same is let go', async () => {
    const answer = Promise.withResolvers<Response>();
    const body = createBody();
    const { clock, source, trace } = createRig(undefined, { fetch: async () => await answer.promise });
    await clock.advance(0);
    source.close();
    answer.resolve(body.response());
    await clock.advance(600_000);
    expect(trace).toEqual([]);
    expect(source.readyState).toBe(EventSource.CLOSED);
    expect(body.cancelled).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('while it waits is for good', async () => {
    const { clock, requests, bodies, source, trace } = await createOpenRig();
    bodies[0]?.cut();
    await clock.advance(1_000);
    source.close();
    expect(clock.pending).toBe(0);
    await clock.advance(600_000);
    expect(requests).toHaveLength(1);
    expect(trace).toEqual(['open 1', 'error 0']);
  });

  it('may be called again, also after the end', async () => {
    const { clock, source, trace } = createRig(() => emptyAnswer(204));
    await clock.advance(0);
    source.close();
    source.close();
    await clock.advance(600_000);
    expect(trace).toEqual(['error 2']);
    expect(source.readyState).toBe(EventSource.CLOSED);
  });
});

describe('[SSE-SEAM] fromReadableStream', () => {
  const clock = createFakeClock(); // Only to let promises settle: a source over a stream waits for nothing.

  it('opens over the stream, and gives its events', async () => {
    const body = createBody();
    const source = EventSource.fromReadableStream(body.stream);
    const trace = traceOf(source, 'tick');
    const origins: string[] = [];
    source.addEventListener('message', (event) => origins.push((event as MessageEvent).origin));
    expect([source.url, source.readyState, source.withCredentials]).toEqual(['about:event-stream', 0, false]);
    expect(body.stream.locked || trace.length === 0).toBe(true);
    await clock.advance(0);
    expect(body.stream.locked).toBe(true);
    body.push('id: 4\nretry: 250\ndata: a\n\nevent: tick\ndata: b\n\n');
    await clock.advance(0);
    expect(trace).toEqual(['open 1', 'message 1 "a" id=4', 'tick 1 "b" id=4']);
    expect(origins).toEqual(['null']);
    expect([source.lastEventId, source.reconnectionTime]).toEqual(['4', 250]);
    source.close();
  });

  it('throws a TypeError where the stream is locked', () => {
    const { stream } = createBody();
    stream.getReader();
    expect(() => EventSource.fromReadableStream(stream)).toThrow(TypeError);
  });

  it.each(['end', 'cut'] as const)(
    'fails where the stream comes to its end (%s), and does not reconnect',
    async (how) => {
      const body = createBody();
      const source = EventSource.fromReadableStream(body.stream);
      const trace = traceOf(source);
      body.push('data: a\n\ndata: half\n');
      await clock.advance(0);
      body[how]();
      await clock.advance(600_000);
      expect(trace).toEqual(['open 1', 'message 1 "a" id=', 'error 2']);
      expect(source.readyState).toBe(EventSource.CLOSED);
    },
  );

  it.each(['at once', 'when it opens', 'later'])('cancels the stream when it is closed %s', async (when) => {
    const body = createBody();
    const source = EventSource.fromReadableStream(body.stream);
    const trace = traceOf(source);
    if (when === 'at once') source.close();
    if (when === 'when it opens') source.onopen = () => source.close();
    await clock.advance(0);
    if (when === 'later') source.close();
    await clock.advance(0);
    expect(body.cancelled).toBe(true);
    expect(trace).toEqual(when === 'at once' ? [] : ['open 1']);
    expect(source.readyState).toBe(EventSource.CLOSED);
  });

  it('goes on over several bodies that are piped through one after another', async () => {
    const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    const source = EventSource.fromReadableStream(readable);
    const trace = traceOf(source);
    for (const text of ['id: 1\ndata: a\n\n', 'data: b\n\n']) {
      const body = createBody();
      body.push(text);
      body.end();
      await body.stream.pipeTo(writable, { preventClose: true });
    }
    await writable.close();
    await clock.advance(0);
    expect(trace).toEqual(['open 1', 'message 1 "a" id=1', 'message 1 "b" id=1', 'error 2']);
  });
});
