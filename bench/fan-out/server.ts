// The server of the fan-out: publishes the next block when 99 in 100 readers have asked for it.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventStreamHeaders, respondNode, type EventsFunction } from 'verbatim/sse';
import { blockAt, blockCount, readerCount, warmUpBlocks } from './blocks.ts';

export interface ServerReport {
  /** What is in use after a full collection, just before what is measured is published. */
  readonly baseLiveBytes: number;
  /** The most of that, half-way and at the end. */
  readonly mostLiveBytes: number;
  readonly baseRssBytes: number;
  readonly mostRssBytes: number;
  readonly publishedInS: number;
  /** When the stalled reader was cut off, from the first block on; null where it never was. */
  readonly cutAfterS: number | null;
}

const isBare = process.argv[2] === 'bare';
const bare: ServerResponse[] = [];
let published = 0;
let connected = 0;
let ready = 0;
let next = Promise.withResolvers<void>();
let enoughReady: (() => void) | undefined;
let startedAtMs = 0;
let cutAfterS: number | null = null;
let baseLiveBytes = 0;
let mostLiveBytes = 0;
let baseRssBytes = 0;
let mostRssBytes = 0;

const source: EventsFunction = async function* ({ signal }) {
  for (let index = 0; index < blockCount; index += 1) {
    if (index === published) await askForNext();
    if (signal.aborted) return;
    yield blockAt(index);
  }
};

async function askForNext(): Promise<void> {
  const { promise } = next;
  ready += 1;
  if (ready >= readerCount * 0.99) enoughReady?.();
  await promise;
}

const server = createServer((request, response) => {
  if (request.url === '/stalled') response.on('close', () => (cutAfterS = (performance.now() - startedAtMs) / 1_000));
  connected += 1;
  if (connected === readerCount) setImmediate(() => void publish());
  if (!isBare) {
    void respondNode(request, response, source);
  } else {
    response.writeHead(200, eventStreamHeaders).write('retry: 1000\n\n');
    bare.push(response);
  }
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port)); // On TCP, so it has one.

async function publish(): Promise<void> {
  startedAtMs = performance.now();
  const sampling = setInterval(sample, 50);
  while (published < blockCount) {
    if (!isBare) await waitForReaders();
    if (published === warmUpBlocks) {
      baseLiveBytes = await liveBytes();
      baseRssBytes = process.memoryUsage.rss();
    }
    if (published === Math.floor((warmUpBlocks + blockCount) / 2)) mostLiveBytes = await liveBytes();
    published += 1;
    if (isBare) await writeToAll(blockAt(published - 1));
    const { resolve } = next;
    next = Promise.withResolvers();
    ready = 0;
    resolve();
  }
  mostLiveBytes = Math.max(mostLiveBytes, await liveBytes());
  await waitForTheRest();
  clearInterval(sampling);
  sample();
  const publishedInS = (performance.now() - startedAtMs) / 1_000;
  const report: ServerReport = { baseLiveBytes, mostLiveBytes, baseRssBytes, mostRssBytes, publishedInS, cutAfterS };
  process.send?.(report);
}

async function waitForReaders(): Promise<void> {
  if (ready >= readerCount * 0.99) return;
  await new Promise<void>((resolve) => (enoughReady = resolve));
}

async function writeToAll(block: Uint8Array): Promise<void> {
  for (const response of bare) response.write(block);
  while (countBehind() > readerCount / 100) await new Promise((resolve) => setImmediate(resolve));
}

function countBehind(): number {
  return bare.filter(({ writableLength }) => writableLength > 0).length;
}

/** Until every reader but the stalled one has all: its response has ended, or holds nothing. */
async function waitForTheRest(): Promise<void> {
  for (const response of bare) response.end();
  while ((await countConnections()) > 1) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function countConnections(): Promise<number> {
  return await new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}

async function liveBytes(): Promise<number> {
  globalThis.gc?.();
  // What buffers held is given back by a thread of V8's, a little later.
  await new Promise((resolve) => setTimeout(resolve, 100));
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external; // What buffers hold is part of the latter.
}

function sample(): void {
  if (baseRssBytes > 0) mostRssBytes = Math.max(mostRssBytes, process.memoryUsage.rss());
}
