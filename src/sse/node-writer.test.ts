import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { encodeBytes } from './encode.ts';
import {
  openEventStream,
  respondNode,
  type EventStream,
  type EventStreamOptions,
  type NodeResponse,
} from './node-writer.ts';
import type { EventsFunction } from './writer.ts';

const closers: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client's end. */
  readonly incoming: () => Promise<IncomingMessage>;
  readonly socket: Socket;
}

/** One request to a real server on a port of its own, stopped between the two sides. */
async function createExchange(headers: Record<string, string> = {}): Promise<Exchange> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const outgoing = get({ port, host: '127.0.0.1', headers, agent: false });
  // What a destroyed request reports is the point of some tests and of no interest in the others.
  outgoing.on('error', () => undefined);
  outgoing.on('response', (incoming) => incoming.on('error', () => undefined));
  const answered = once(outgoing, 'response');
  const [request, response]: [IncomingMessage, ServerResponse] = await once(server, 'request').then(
    ([first, second]) => [first, second],
  );
  closers.push(async () => {
    outgoing.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  answered.catch(() => undefined);
  return {
    request,
    response,
    incoming: async () => await answered.then(([incoming]) => incoming),
    get socket() {
      if (outgoing.socket === null) throw new Error('Expected a connection');
      return outgoing.socket;
    },
  };
}

async function createRig(options: EventStreamOptions = {}, headers?: Record<string, string>) {
  const exchange = await createExchange(headers);
  const clock = createFakeClock();
  const stream = openEventStream(exchange.request, exchange.response, {
    clock,
    random: createSeededRandom(1),
    ...options,
  });
  return { ...exchange, client: exchange.socket, clock, stream };
}

/** Collects what arrives until `enough` says so. */
async function readUntil(incoming: IncomingMessage, enough: (text: string) => boolean): Promise<string> {
  let text = '';
  incoming.setEncoding('utf8');
  return await new Promise((resolve) => {
    incoming.on('data', (chunk: string) => {
      text += chunk;
      if (enough(text)) resolve(text);
    });
  });
}

async function left(stream: EventStream): Promise<void> {
  if (!stream.signal.aborted) await once(stream.signal, 'abort');
}

describe('[SSE-HEADERS] [SSE-FIRST] the answer', () => {
  it('has the headers of an event stream and its first bytes at once', async () => {
    const { incoming } = await createRig({ retryMs: 1_000 });
    const answer = await incoming();
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(await readUntil(answer, (text) => text.endsWith('\n\n'))).toMatch(/^retry: [0-9]+\n\n$/);
  });

  it('carries the events as they are sent, and ends when it is closed', async () => {
    const { incoming, stream, clock } = await createRig();
    expect(stream.send({ id: '1', data: 'é\n🐟' })).toBe('accepted');
    expect(stream.send({ event: 'tick', data: 'b' })).toBe('accepted');
    stream.close();
    stream.close();
    const answer = await incoming();
    const ended = once(answer, 'end');
    const expected = 'id: 1\ndata: é\ndata: 🐟\n\nevent: tick\ndata: b\n\n';
    expect(await readUntil(answer, (text) => text.includes('data: b\n\n'))).toMatch(new RegExp(`\\n\\n${expected}$`));
    await ended;
    expect(clock.pending).toBe(0);
  });

  it('carries bytes of one event or of several, between others', async () => {
    const { incoming, stream } = await createRig();
    const [first, second] = [encodeBytes({ id: '1', data: 'é' }), encodeBytes({ id: '2', data: '🐟' })];
    expect(stream.send(first)).toBe('accepted');
    expect(stream.send({ data: 'a' })).toBe('accepted');
    expect(stream.send(new Uint8Array(Buffer.concat([second, first])))).toBe('accepted');
    const text = await readUntil(await incoming(), (got) => got.split('data').length === 5);
    expect(text.replace(/^retry: [0-9]+\n\n/, '')).toBe(
      'id: 1\ndata: é\n\ndata: a\n\nid: 2\ndata: 🐟\n\nid: 1\ndata: é\n\n',
    );
  });

  it('has each header once, whatever the case of those that are given', async () => {
    const { incoming } = await createRig({ headers: { 'content-type': 'text/html', 'CACHE-CONTROL': 'public' } });
    const { rawHeaders } = await incoming();
    const names = rawHeaders.filter((_text, index) => index % 2 === 0).map((name) => name.toLowerCase());
    expect(new Set(names).size).toBe(names.length);
  });

  it('is not given up for its silence by a server that has a time-out', async () => {
    const { request, response } = await createExchange();
    request.socket.setTimeout(120_000);
    openEventStream(request, response, { clock: createFakeClock() });
    expect(request.socket.timeout).toBe(0);
  });

  it('refuses an event that could break out, and goes on', async () => {
    const { stream } = await createRig();
    expect(() => stream.send({ id: '1\ndata: x', data: 'a' })).toThrow('without control characters');
    expect(stream.send({ data: 'a' })).toBe('accepted');
  });
});

describe('[SSE-RESUME] lastEventId', () => {
  it('is what the client has seen', async () => {
    const { stream } = await createRig({}, { 'Last-Event-ID': 'e.42' });
    expect(stream.lastEventId).toBe('e.42');
  });

  it('is "" where the client has none', async () => {
    expect((await createRig()).stream.lastEventId).toBe('');
  });

  it('is read as UTF-8, as browsers send it', async () => {
    const sent = Buffer.from('é日', 'utf8').toString('latin1');
    const { stream } = await createRig({}, { 'Last-Event-ID': sent });
    expect(stream.lastEventId).toBe('é日');
  });
});

describe('[SSE-HEARTBEAT] the heartbeat', () => {
  it('comes at rest, again and again', async () => {
    const { incoming, clock } = await createRig({ heartbeatMs: 1_000 });
    const answer = await incoming();
    const text = readUntil(answer, (got) => got.split(': heartbeat\n\n').length === 4);
    await clock.advance(3_000);
    expect(await text).toMatch(/^retry: [0-9]+\n\n(: heartbeat\n\n){3}$/);
  });
});

describe('[SSE-LEFT] a client that has left', () => {
  it('aborts the signal, and what is sent is dead', async () => {
    const { client, incoming, stream, clock } = await createRig();
    await incoming();
    expect(stream.send({ data: 'a' })).toBe('accepted');
    client.destroy();
    await left(stream);
    expect(stream.send({ data: 'b' })).toBe('dead');
    await stream.drained();
    expect(clock.pending).toBe(0);
  });

  it('before the stream was opened aborts the signal too', async () => {
    const { request, response, socket } = await createExchange();
    const closed = once(response, 'close');
    socket.destroy();
    await closed;
    const clock = createFakeClock();
    const stream = openEventStream(request, response, { clock });
    await left(stream);
    expect(stream.send({ data: 'a' })).toBe('dead');
    expect(clock.pending).toBe(0);
  });

  it('is known at once after close', async () => {
    const { stream, clock, response } = await createRig();
    stream.close();
    expect(stream.signal.aborted).toBe(true);
    expect(stream.send({ data: 'a' })).toBe('dead');
    await once(response, 'close');
    expect(clock.pending).toBe(0);
  });
});

describe('[SSE-BACKPRESSURE] [SSE-BOUNDED] [SSE-DEADLINE] a slow reader', () => {
  const block = { data: 'x'.repeat(64 * 1024) };
  /** More than the kernel's buffers take, so that it waits until the client reads. */
  const flood = { data: 'x'.repeat(32 * 1024 * 1024) };

  it('gets "wait", and drained() resolves when it reads on', async () => {
    const { incoming, stream } = await createRig();
    expect(stream.send(flood)).toBe('wait');
    let drained = false;
    const waiting = stream.drained().then(() => {
      drained = true;
    });
    await Promise.resolve();
    expect(drained).toBe(false);
    (await incoming()).resume();
    await waiting;
    expect(stream.send({ data: 'a' })).toBe('accepted');
  });

  it('that stalls is cut off once more than maxBufferedBytes wait', async () => {
    const maxBufferedBytes = 1024 * 1024;
    const { incoming, response, stream, clock } = await createRig({ maxBufferedBytes });
    await incoming();
    let most = 0;
    let sent = 0;
    const waiting = stream.drained();
    while (stream.send(block) !== 'dead') {
      most = Math.max(most, response.writableLength);
      sent += 1;
      expect(sent).toBeLessThan(1_000);
    }
    expect(most).toBeGreaterThan(maxBufferedBytes / 2);
    expect(most).toBeLessThan(maxBufferedBytes + 2 * block.data.length);
    expect(stream.signal.aborted).toBe(true);
    expect(response.destroyed).toBe(true);
    await waiting;
    expect(clock.pending).toBe(0);
  });

  it('is not one who is sent one event larger than maxBufferedBytes', async () => {
    const { incoming, stream } = await createRig({ maxBufferedBytes: 100_000 });
    const answer = await incoming();
    const snapshot = 'x'.repeat(4_000_000);
    const text = readUntil(answer, (got) => got.endsWith('after\n\n'));
    expect(stream.send({ data: snapshot })).toBe('wait');
    await stream.drained();
    expect(stream.send({ data: 'after' })).toBe('accepted');
    expect((await text).length).toBeGreaterThan(snapshot.length);
  });

  it.each(['close', 'client'])('that never reads does not hold drained() up: %s', async (how) => {
    const { incoming, client, stream, clock } = await createRig();
    await incoming();
    expect(stream.send(flood)).toBe('wait');
    const waiting = Promise.all([stream.drained(), stream.drained()]);
    if (how === 'close') stream.close();
    else client.destroy();
    expect(await waiting).toEqual(['dead', 'dead']);
    expect(stream.signal.aborted).toBe(true);
    // What it was sent before is given until the deadline to be taken.
    await clock.advance(40_000);
    expect(clock.pending).toBe(0);
  });

  it('is sent no heartbeat while it is behind', async () => {
    const { incoming, response, stream, clock } = await createRig();
    await incoming();
    expect(stream.send(flood)).toBe('wait');
    const before = response.writableLength;
    await clock.advance(29_000);
    expect(response.writableLength).toBeLessThanOrEqual(before);
    expect(stream.signal.aborted).toBe(false);
  });

  it.each([{ writeDeadlineMs: 4_000 }, { writeDeadlineMs: undefined }])(
    'is cut off after the deadline: %o',
    async (options) => {
      const { incoming, response, stream, clock } = await createRig(options);
      await incoming();
      expect(stream.send(flood)).toBe('wait');
      const waiting = stream.drained();
      const deadlineMs = options.writeDeadlineMs ?? 30_000;
      await clock.advance(deadlineMs - 1);
      expect(response.destroyed).toBe(false);
      await clock.advance(deadlineMs / 4 + 1);
      expect(response.destroyed).toBe(true);
      expect(await waiting).toBe('dead');
      expect(stream.send({ data: 'a' })).toBe('dead');
      expect(clock.pending).toBe(0);
    },
  );

  it('that takes what waits before the deadline has a new one for what comes after', async () => {
    const { incoming, stream, clock } = await createRig({ writeDeadlineMs: 4_000 });
    const answer = await incoming();
    for (let round = 0; round < 3; round += 1) {
      expect(stream.send(flood)).toBe('wait');
      await clock.advance(3_000);
      answer.resume();
      expect(await stream.drained()).toBe('accepted');
      answer.pause();
    }
    await clock.advance(3_000);
    expect(stream.signal.aborted).toBe(false);
  });
});

describe('[SSE-BROKEN] respondNode', () => {
  const boom = new Error('boom');

  /** What the client gets of a source, until the server breaks off. */
  async function answerOf(source: EventsFunction) {
    const { request, response, incoming } = await createExchange();
    const clock = createFakeClock();
    const outcome = respondNode(request, response, source, { clock }).catch((error: unknown) => error);
    const answer = await incoming();
    let text = '';
    answer.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    // Not `once`, to which the error of a broken body is a failure.
    await new Promise<void>((resolve) => void answer.on('close', resolve));
    return { outcome: await outcome, text, isComplete: answer.complete, clock };
  }

  it('breaks off where the source cannot even begin', async () => {
    const { outcome, text, isComplete, clock } = await answerOf(() => {
      throw boom;
    });
    expect(outcome).toBe(boom);
    expect(isComplete).toBe(false);
    expect(text).toMatch(/^retry: [0-9]+\n\n$/);
    expect(clock.pending).toBe(0);
  });

  it('lets arrive what was sent before the source failed', async () => {
    const { outcome, text, isComplete } = await answerOf(async function* send() {
      yield { id: '1', data: 'x'.repeat(1_000_000) };
      yield { id: '2', data: 'b' };
      throw boom;
    });
    expect(outcome).toBe(boom);
    expect(isComplete).toBe(false);
    expect(text.endsWith('id: 2\ndata: b\n\n')).toBe(true);
  });
});

describe('[SSE-DEADLINE] [SSE-BACKPRESSURE] an event larger than a slow reader takes within the deadline', () => {
  const data = 'x'.repeat(1_000_000);

  /** A response under the test's hand: it takes one write, and the next when it is told so. */
  function createSlow() {
    const listeners = new Map<string, () => void>();
    let text = '';
    let ended = false;
    let destroyed = false;
    const response: NodeResponse = {
      writableLength: 0,
      writeHead: () => undefined,
      write(bytes) {
        expect(bytes.length).toBeLessThanOrEqual(128 * 1024);
        text += new TextDecoder().decode(bytes);
        return false;
      },
      end() {
        ended = true;
      },
      destroy() {
        destroyed = true;
        listeners.get('close')?.();
      },
      on(event, listener) {
        const before = listeners.get(event);
        listeners.set(event, () => {
          before?.();
          listener();
        });
      },
    };
    const clock = createFakeClock();
    const stream = openEventStream({ headers: {} }, response, { clock, random: createSeededRandom(1) });
    return {
      clock,
      stream,
      drain: () => listeners.get('drain')?.(),
      close: () => listeners.get('close')?.(),
      get state() {
        return { text, ended, destroyed };
      },
    };
  }

  it('is written piece by piece, and each piece that is taken counts', async () => {
    const rig = createSlow();
    rig.drain();
    expect(rig.stream.send({ id: '1', data })).toBe('wait');
    const drained = rig.stream.drained();
    for (let piece = 0; piece < 8; piece += 1) {
      await rig.clock.advance(29_000);
      expect(rig.state.destroyed).toBe(false);
      rig.drain();
    }
    expect(await drained).toBe('accepted');
    expect(rig.state.text.endsWith(`id: 1\ndata: ${data}\n\n`)).toBe(true);
    expect(rig.stream.send({ data: 'next' })).toBe('wait');
    expect(rig.state.text.endsWith('data: next\n\n')).toBe(true);
    rig.close();
    expect(rig.clock.pending).toBe(0);
  });

  it('is written to its end before the stream ends, and before what is sent behind it', () => {
    const rig = createSlow();
    rig.drain();
    rig.stream.send({ id: '1', data });
    rig.stream.send({ data: 'behind' });
    rig.stream.close();
    for (let piece = 0; piece < 8; piece += 1) {
      expect(rig.state.ended).toBe(false);
      rig.drain();
    }
    expect(rig.state.ended).toBe(true);
    expect(rig.state.text.endsWith(`data: ${data}\n\ndata: behind\n\n`)).toBe(true);
  });

  it('is cut in the middle where nothing of it is taken, and holds no memory then', async () => {
    const rig = createSlow();
    rig.drain();
    rig.stream.send({ data });
    rig.drain();
    await rig.clock.advance(45_000);
    expect(rig.state.destroyed).toBe(true);
    const { length } = rig.state.text;
    rig.drain();
    expect(rig.state.text).toHaveLength(length);
    expect(rig.clock.pending).toBe(0);
  });

  it('counts as a whole among what may wait', () => {
    const rig = createSlow();
    expect(rig.stream.send({ data: data + data })).toBe('wait');
    expect(rig.stream.send({ data: 'one too many' })).toBe('dead');
    expect(rig.state.destroyed).toBe(true);
  });
});
