import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../src/testing/fake-clock.ts';
import { createApp } from './counter.ts';

const closers: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** The example on a port of its own, with its time in the test's hand. */
async function start() {
  const clock = createFakeClock();
  const server = createServer(createApp({ clock }));
  const left: Array<() => void> = [];
  server.on('request', (_request, response) => response.on('close', () => left.shift()?.()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return {
    clock,
    url: `http://127.0.0.1:${port}`,
    /** Resolves when the server has seen a client leave. */
    nextLeaving: async () => await new Promise<void>((resolve) => left.push(resolve)),
  };
}

/** Opens the stream as a browser that has seen `lastEventId`. */
async function open(url: string, lastEventId?: string) {
  const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
  const request = get(`${url}/stream`, { headers, agent: false });
  request.on('error', () => undefined);
  const [answer]: IncomingMessage[] = await once(request, 'response');
  if (answer === undefined) throw new Error('Expected an answer');
  answer.on('error', () => undefined);
  answer.setEncoding('utf8');
  let text = '';
  let arrived: (() => void) | undefined;
  answer.on('data', (chunk: string) => {
    text += chunk;
    arrived?.();
  });
  return {
    answer,
    leave: () => request.destroy(),
    /** What has arrived, without comments and retry lines, once `enough` holds of it. */
    async until(enough: (events: string) => boolean): Promise<string> {
      while (!enough(eventsIn(text))) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
      return eventsIn(text);
    },
  };
}

function eventsIn(text: string): string {
  return text.replaceAll(/^(:|retry:).*\n\n/gm, '');
}

describe('/', () => {
  it('is a page that listens to the stream and appends what comes', async () => {
    const { url } = await start();
    const response = await fetch(url);
    expect(response.headers.get('Content-Type')).toContain('text/html');
    const html = await response.text();
    expect(html).toContain("new EventSource('/stream')");
    expect(html).toContain('id="result"');
  });
});

describe('/stream', () => {
  it('sends exactly one event each second', async () => {
    const { url, clock } = await start();
    const { answer, until } = await open(url);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/event-stream');
    let expected = '';
    for (const n of [1, 2, 3]) {
      await clock.advance(999);
      await clock.advance(1);
      expected += `id: ${n}\ndata: Count: [${n}]\n\n`;
      expect(await until((events) => events.length >= expected.length)).toBe(expected);
    }
  });

  it('sends nothing before the first second is over', async () => {
    const { url, clock } = await start();
    const { until } = await open(url);
    await clock.advance(999);
    expect(clock.pending).toBe(2); // The count and the heartbeat.
    await clock.advance(1);
    expect(await until((events) => events !== '')).toBe('id: 1\ndata: Count: [1]\n\n');
  });

  it('counts for each client by itself', async () => {
    const { url, clock } = await start();
    const first = await open(url);
    await clock.advance(1_000);
    await first.until((events) => events.includes('[1]'));
    const second = await open(url);
    await clock.advance(1_000);
    expect(await second.until((events) => events !== '')).toBe('id: 1\ndata: Count: [1]\n\n');
    expect(await first.until((events) => events.includes('[2]'))).toContain('Count: [2]');
  });

  it('stops its timers when the client leaves', async () => {
    const { url, clock, nextLeaving } = await start();
    const client = await open(url);
    await clock.advance(1_000);
    await client.until((events) => events !== '');
    expect(clock.pending).toBe(2);
    const leaving = nextLeaving();
    client.leave();
    await leaving;
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  it.each([
    { lastEventId: '2', first: 3 },
    { lastEventId: '999999', first: 1_000_000 },
    { lastEventId: '0', first: 1 },
    { lastEventId: 'nonsense', first: 1 },
    { lastEventId: '-5', first: 1 },
    { lastEventId: '2.5', first: 1 },
    { lastEventId: '1e3', first: 1 },
    { lastEventId: '9'.repeat(40), first: 1 },
  ])('begins with $first after Last-Event-ID: $lastEventId', async ({ lastEventId, first }) => {
    const { url, clock } = await start();
    const { until } = await open(url, lastEventId);
    await clock.advance(1_000);
    expect(await until((events) => events !== '')).toBe(`id: ${first}\ndata: Count: [${first}]\n\n`);
  });
});
