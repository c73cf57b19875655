// What every way of answering with events must do, in each framework, against real sockets.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDrain, type EventsFunction, type WriterOptions } from 'verbatim/sse';
import { createFakeClock, createSeededRandom, type FakeClock } from 'verbatim/testing';
import { listen } from '../support/http-server.ts';
import { openHttp1Client, type Client, type OpenClient, type RequestOptions } from './client.ts';
import { aborted, flood, floodBlockBytes, sendThenWait, stalled, turn, watch } from './source.ts';

export interface RunningServer {
  readonly port: number;
  /** What the framework was told of: the errors of sources. */
  readonly failures: readonly unknown[];
  close(): Promise<void>;
}

/**
 * A server that answers GET and HEAD of `/` with the source's events, after something before it, as a
 * plugin, has set the header `Access-Control-Allow-Origin: *` and two cookies, `a=1` and `b=2`.
 */
export type StartServer = (source: EventsFunction, options: WriterOptions) => Promise<RunningServer>;

/** A server of node:http as the suite wants it. */
export async function run(server: Server, failures: readonly unknown[]): Promise<RunningServer> {
  return {
    port: await listen(server),
    failures,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface Adapter {
  readonly start: StartServer;
  /** Default: over HTTP/1.1. */
  readonly openClient?: OpenClient;
}

const maxPulledBytes = 16 * 1024 * 1024; // What Linux lets a connection hold on both sides, and some to spare.
const tickMs = 250; // Writers look at the time in steps of this.

let clock: FakeClock;
let server: RunningServer | undefined;
let clients: Client[] = [];

export function describeAdapter({ start, openClient = openHttp1Client }: Adapter): void {
  const isHttp1 = openClient === openHttp1Client;

  async function serve(source: EventsFunction, options: WriterOptions = {}): Promise<RunningServer> {
    server = await start(source, { clock, random: createSeededRandom(1), ...options });
    return server;
  }

  function open(options?: RequestOptions): Client {
    if (server === undefined) throw new Error('Expected a server');
    const client = openClient(server.port, options);
    clients.push(client);
    return client;
  }

  beforeEach(() => {
    clock = createFakeClock();
  });
  afterEach(async () => {
    for (const client of clients) client[Symbol.dispose]();
    clients = [];
    await server?.close();
    server = undefined;
  });

  describe('[SSE-HEADERS] [SSE-FIRST] the answer', () => {
    it('has its headers and first bytes before there is any event, and what was set before it', async () => {
      await serve(watch(sendThenWait()).source, { headers: { 'X-Resume': 'exact' } });
      const client = open();
      const { status, headers } = await client.head();
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': ['text/event-stream'],
        'cache-control': ['no-cache, no-transform'],
        'x-accel-buffering': ['no'],
        'x-resume': ['exact'],
        'access-control-allow-origin': ['*'],
        'set-cookie': ['a=1', 'b=2'],
      });
      expect(headers).not.toHaveProperty('content-length');
      if (isHttp1) {
        expect(headers).toMatchObject({ 'transfer-encoding': ['chunked'] });
      } else {
        for (const name of ['connection', 'transfer-encoding', 'keep-alive']) expect(headers).not.toHaveProperty(name);
      }
      expect(await client.until((text) => text.endsWith('\n\n'))).toMatch(/^retry: [0-9]+\n\n$/);
    });

    it('has each header once, whatever the case of those that are given', async () => {
      await serve(watch(sendThenWait()).source, {
        headers: { 'content-type': 'text/html', 'CACHE-CONTROL': 'public' },
      });
      expect((await open().head()).headers).toMatchObject({
        'content-type': ['text/event-stream'],
        'cache-control': ['no-cache, no-transform'],
      });
    });

    it.each(isHttp1 ? (['1.0'] as const) : [])(
      'over HTTP/%s is not chunked and ends by its close',
      async (httpVersion) => {
        await serve(async function* send() {
          yield { id: '1', data: 'a' };
        });
        const client = open({ httpVersion });
        const { status, headers } = await client.head();
        expect(status).toBe(200);
        expect(headers).not.toHaveProperty('transfer-encoding');
        expect(headers).not.toHaveProperty('content-length');
        const { how, text } = await client.ended();
        expect(how).toBe('whole');
        expect(text).toMatch(/^retry: [0-9]+\n\nid: 1\ndata: a\n\n$/);
      },
    );

    it('to HEAD has the headers and ends, without any event asked for', async () => {
      const { source, visits } = watch(sendThenWait({ data: 'a' }));
      await serve(source);
      const client = open({ method: 'HEAD' });
      expect(await client.head()).toMatchObject({
        status: 200,
        headers: { 'content-type': ['text/event-stream'], 'access-control-allow-origin': ['*'] },
      });
      expect(await client.ended()).toEqual({ how: 'whole', text: '' });
      expect(visits).toEqual([]);
      expect(clock.pending).toBe(0);
    });
  });

  describe('events', () => {
    it('arrive byte by byte as they are, and the end of the source ends the body', async () => {
      await serve(async function* send() {
        yield { id: 'é.1', data: ' one\n\nzwei 🐟\r日' };
        yield { event: 'tick', data: '' };
        yield new TextEncoder().encode('id: 2\ndata: joined\n\nid: 3\ndata: blocks\n\n');
      });
      const { how, text } = await open().ended();
      expect(how).toBe('whole');
      expect(text.replace(/^retry: [0-9]+\n\n/, '')).toBe(
        'id: é.1\ndata:  one\ndata: \ndata: zwei 🐟\ndata: 日\n\nevent: tick\ndata: \n\n' +
          'id: 2\ndata: joined\n\nid: 3\ndata: blocks\n\n',
      );
      expect(clock.pending).toBe(0);
    });

    it('follow what the reader saw last', async () => {
      const { source, first } = watch(sendThenWait());
      await serve(source);
      open({ headers: { 'Last-Event-ID': Buffer.from('é.42').toString('latin1') } });
      expect((await first).lastEventId).toBe('é.42');
    });

    it('leave room for a heartbeat at rest', async () => {
      await serve(watch(sendThenWait({ data: 'a' })).source);
      const client = open();
      await client.until((text) => text.endsWith('data: a\n\n'));
      await clock.advance(15_000);
      expect(await client.until((text) => text.endsWith(': heartbeat\n\n'))).toMatch(/data: a\n\n: heartbeat\n\n$/);
    });
  });

  describe('[SSE-BACKPRESSURE] [SSE-BOUNDED] [SSE-DEADLINE] a reader that stalls', () => {
    it('costs no more than the buffers, and is cut off after the deadline; others go on', async () => {
      const { source, first, visits } = watch(flood, () => clock.now());
      await serve(source);
      const slow = open();
      await slow.head();
      slow.stall();
      const visit = await first;
      await stalled(visit);
      expect(visit.events * floodBlockBytes).toBeLessThan(maxPulledBytes);

      const other = open({ headers: { 'Last-Event-ID': '7' } });
      await other.until((text) => text.endsWith('data: after 7\n\n'));
      const sinceMs = clock.now();
      await clock.advance(29_000);
      expect(visit.signal.aborted).toBe(false);
      await clock.advance(30_000);
      expect(visit.signal.aborted).toBe(true);
      expect((await visit.over) - sinceMs).toBeLessThanOrEqual(30_000 * 1.25 + tickMs);
      slow.readOn();
      expect((await slow.ended()).how).toBe('broken');

      expect(visits[1]?.signal.aborted).toBe(false);
      expect(await other.until((text) => text.split('heartbeat').length > 3)).toContain('data: after 7\n\n: heartbeat');
    });

    it('gets everything when it reads on in time', async () => {
      const total = 200;
      const { source, first } = watch(async function* send() {
        for (let id = 1; id <= total; id += 1) yield { id: String(id), data: 'x'.repeat(floodBlockBytes) };
      });
      await serve(source);
      const client = open();
      await client.head();
      client.stall();
      await stalled(await first);
      await clock.advance(25_000);
      client.readOn();
      const { how, text } = await client.ended();
      expect(how).toBe('whole');
      expect([...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => Number(id))).toEqual(
        Array.from({ length: total }, (_, index) => index + 1),
      );
    });
  });

  describe('[SSE-LEFT] a reader that goes', () => {
    it.each(['at rest', 'in full flow'])('without a word is known of, and its source is let go: %s', async (when) => {
      const { source, first } = watch(when === 'at rest' ? sendThenWait({ data: 'a' }) : flood);
      await serve(source);
      const client = open();
      await client.until((text) => text.includes('data: '));
      client.kill();
      const visit = await first;
      await visit.over;
      expect(visit.signal.aborted).toBe(true);
      await turn();
      expect(clock.pending).toBe(0);
    });

    it('ends a source that waits until it is returned', async () => {
      const waiting = Promise.withResolvers<IteratorResult<never>>();
      const asked = Promise.withResolvers<void>();
      await serve(() => ({
        [Symbol.asyncIterator]: () => ({
          async next() {
            asked.resolve();
            return await waiting.promise;
          },
          async return() {
            waiting.resolve({ done: true, value: undefined });
            return await waiting.promise;
          },
        }),
      }));
      const client = open();
      await client.head();
      await asked.promise;
      client.kill();
      await waiting.promise;
      await turn();
      expect(clock.pending).toBe(0);
    });

    it('half, which no server takes for a wish to read on, has its stream broken off', async () => {
      const { source, first } = watch(sendThenWait({ data: 'a' }));
      await serve(source);
      const client = open();
      await client.until((text) => text.endsWith('data: a\n\n'));
      client.halfClose();
      await (
        await first
      ).over;
      expect((await client.ended()).how).toBe('broken');
      await turn();
      expect(clock.pending).toBe(0);
    });

    it('half, and reads nothing of what waits, is let go at the deadline at the latest', async () => {
      const { source, first } = watch(flood);
      await serve(source);
      const client = open();
      await client.head();
      client.stall();
      const visit = await first;
      await stalled(visit);
      client.halfClose();
      await stalled(visit);
      await clock.advance(40_000);
      await visit.over;
      await turn();
      expect(clock.pending).toBe(0);
    });
  });

  describe('[SSE-AGE] a stream of a great age', () => {
    it('ends at the boundary of an event, after 80 to 100 % of what it may last', async () => {
      const maxAgeMs = 100_000;
      const { source, visits } = watch(
        async function* send({ signal }) {
          for (let n = 1; !signal.aborted; n += 1) {
            yield { id: String(n), data: `line\n${n}` };
            await Promise.race([clock.sleep(1_000), aborted(signal)]);
          }
        },
        () => clock.now(),
      );
      await serve(source, { maxAgeMs });
      const readers = Array.from({ length: 6 }, () => open());
      await Promise.all(readers.map((client) => client.until((text) => text.includes('data'))));
      const sinceMs = clock.now();
      await clock.advance(maxAgeMs + tickMs);
      const ends = await Promise.all(readers.map((client) => client.ended()));
      for (const { how, text } of ends) {
        expect(how).toBe('whole');
        expect(text).toMatch(/^retry: [0-9]+\n\n(id: [0-9]+\ndata: line\ndata: [0-9]+\n\n)+retry: [0-9]+\n\n$/);
      }
      const ages = await Promise.all(visits.map(async ({ over }) => (await over) - sinceMs));
      expect(Math.min(...ages)).toBeGreaterThanOrEqual(maxAgeMs * 0.8 - tickMs);
      expect(Math.max(...ages)).toBeLessThanOrEqual(maxAgeMs + tickMs);
      expect(new Set(ages).size).toBeGreaterThan(1);
      await clock.advance(1_000); // The sleeps of the sources.
      expect(clock.pending).toBe(0);
    });
  });

  describe('[SSE-DRAIN] a drain', () => {
    it('ends every stream at a moment of its own, with a retry of its own', async () => {
      const drain = createDrain({ clock, random: createSeededRandom(7) });
      const { source, visits } = watch(sendThenWait({ id: '1', data: 'a' }), () => clock.now());
      await serve(source, { drain });
      const readers = Array.from({ length: 10 }, () => open());
      await Promise.all(readers.map((client) => client.until((text) => text.endsWith('data: a\n\n'))));
      const sinceMs = clock.now();
      const drained = drain.begin({ overMs: 10_000 });
      await clock.advance(10_000 + tickMs);
      await drained;
      const ends = await Promise.all(readers.map((client) => client.ended()));
      const retries = ends.map(({ how, text }) => {
        expect(how).toBe('whole');
        expect(text).toMatch(/^retry: [0-9]+\n\nid: 1\ndata: a\n\nretry: [0-9]+\n\n$/);
        return /([0-9]+)\n\n$/.exec(text)?.[1];
      });
      expect(new Set(retries).size).toBeGreaterThan(5);
      const moments = await Promise.all(visits.map(async ({ over }) => (await over) - sinceMs));
      expect(Math.max(...moments) - Math.min(...moments)).toBeGreaterThan(5_000);
      expect(clock.pending).toBe(0);

      const late = await open().ended();
      expect(late).toMatchObject({ how: 'whole', text: expect.stringMatching(/^(retry: [0-9]+\n\n)+$/) });
      expect(clock.pending).toBe(0);
    });

    it('waits for a reader that stalls until its deadline, and cuts it off then', async () => {
      const drain = createDrain({ clock, random: createSeededRandom(7) });
      const { source, first } = watch(flood);
      await serve(source, { drain });
      const slow = open();
      await slow.head();
      slow.stall();
      await stalled(await first);
      const quick = open({ headers: { 'Last-Event-ID': '7' } });
      await quick.until((text) => text.endsWith('data: after 7\n\n'));
      let isDrained = false;
      const drained = drain.begin({ overMs: 1_000 }).then(() => {
        isDrained = true;
      });
      await clock.advance(1_000 + tickMs);
      expect((await quick.ended()).how).toBe('whole');
      await clock.advance(20_000);
      await turn();
      expect(isDrained).toBe(false);
      await clock.advance(40_000); // A whole deadline: the turn may have let the kernel take some more.
      await drained;
      expect((await first).signal.aborted).toBe(true);
      slow.readOn();
      expect((await slow.ended()).how).toBe('broken');
      expect(clock.pending).toBe(0);
    });
  });

  describe('[SSE-BROKEN] a failure', () => {
    const boom = new Error('boom');

    it.each([
      { of: 'the source', events: [{ data: 'a' }], error: boom },
      { of: 'the source, at once', events: [], error: boom },
      { of: 'an event that cannot be written', events: [{ data: 'a' }, { id: '1\ndata: forged', data: 'b' }] },
    ])('of $of breaks the body off and is told of', async ({ events, error }) => {
      const { source, first } = watch(async function* send() {
        yield* events;
        throw boom;
      });
      const { failures } = await serve(source);
      const client = open();
      expect((await client.head()).status).toBe(200);
      await (
        await first
      ).over;
      await clock.advance(tickMs); // Some break off a moment later, with the first bytes on their way.
      const { how, text } = await client.ended();
      expect(how).toBe('broken');
      expect(text).toMatch(/^retry: [0-9]+\n\n/);
      expect(text).not.toMatch(/boom|forged/);
      await turn();
      expect(failures).toEqual([error ?? expect.objectContaining({ code: 'invalid-input' })]);
      expect(clock.pending).toBe(0);
    });
  });
}
