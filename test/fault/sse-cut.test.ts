// A connection that is cut after any byte of what the server says, on real sockets: a proxy stands
// between, and cuts. The events are the recording's, each once, in order.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect as dial, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, encode, encodeComment, encodeRetry, type SseMessage } from 'verbatim/sse';
import { createSeededRandom } from 'verbatim/testing';
import { listen, openHttpServer, type HttpServer } from '../support/http-server.ts';

const events = [
  { id: 'e.1', data: 'one' },
  { id: 'e.2', data: 'zwei\nüñ🐟日\n' },
  { event: 'tick', id: 'e.3', data: '' },
  { event: 'tick', id: 'é🐟', data: ' four\n\nlines\n ' },
  { id: 'e.5', data: '{"text":"the end"}' },
];
const recording: SseMessage[] = events.map(({ event = 'message', id, data }) => ({ event, data, lastEventId: id }));

/** Sends what comes after the cursor, a chunk for each event; 204 where nothing does. */
function serve({ headers }: IncomingMessage, response: ServerResponse): void {
  const cursor = Buffer.from(String(headers['last-event-id'] ?? ''), 'latin1').toString();
  response.sendDate = false; // So that each answer has the same length.
  response.setHeader('Connection', 'close');
  if (cursor === events.at(-1)?.id) {
    response.writeHead(204).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write(encodeRetry(1));
  for (const event of events.slice(events.findIndex(({ id }) => id === cursor) + 1)) {
    response.write(encodeComment('ü') + encode(event));
  }
  response.end();
}

/** Passes everything on, but no more of an answer than the `limits` of the connections in turn; then it cuts. */
async function openProxy(targetPort: number) {
  const state = {
    limits: [].values() as IterableIterator<number>,
    /** How much of each answer was passed on. */
    passed: [] as number[],
  };
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const index = state.passed.push(0) - 1;
    const limit = state.limits.next().value ?? Number.POSITIVE_INFINITY;
    const target = dial(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket.setNoDelay());
      // Either side may find the other gone: that is what the test is about.
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.pipe(target);
    target.on('data', (bytes: Buffer) => {
      const before = state.passed[index] ?? 0;
      const piece = bytes.subarray(0, limit - before);
      state.passed[index] = before + piece.length;
      client.write(piece);
      if (before + bytes.length < limit) return;
      // Not before the last byte is on its way: a reset could overtake it.
      client.end(() => client.destroy());
      target.destroy();
    });
    target.on('end', () => client.end());
  });
  const port = await listen(proxy);
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.dispose]() {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  });
}

let server: HttpServer;
let proxy: Awaited<ReturnType<typeof openProxy>>;

beforeAll(async () => {
  server = await openHttpServer(serve);
  proxy = await openProxy(server.port);
});

afterAll(() => {
  proxy[Symbol.dispose]();
  server[Symbol.dispose]();
});

async function follow(limits: Iterable<number>): Promise<SseMessage[]> {
  Object.assign(proxy, { limits: limits[Symbol.iterator](), passed: [] });
  const messages: SseMessage[] = [];
  for await (const message of connect(proxy.url, { baseMs: 1, maxMs: 2 })) messages.push(message);
  return messages;
}

it('loses and repeats nothing when it is cut once, after any byte', async () => {
  expect(await follow([])).toEqual(recording);
  const [length = 0] = proxy.passed; // Headers and all.
  expect(length).toBeGreaterThan(300);
  for (let limit = 0; limit <= length; limit += 1) {
    expect(await follow([limit]), `cut after byte ${limit} of ${length}`).toEqual(recording);
    expect(proxy.passed[0]).toBe(limit);
  }
});

it('loses and repeats nothing when every connection is cut, after any number of bytes', async () => {
  let cuts = 0;
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = createSeededRandom(seed);
    // Sometimes more than the headers and the longest event, so that it comes to an end.
    function* limits(): Generator<number> {
      while (true) yield Math.floor(random.float() * 320);
    }
    expect(await follow(limits()), `seed ${seed}`).toEqual(recording);
    cuts += proxy.passed.length - 1;
  }
  expect(cuts).toBeGreaterThan(100);
});
