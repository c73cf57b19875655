// The process of many readers of one stream, some of which stall while it grows and then catch up.
// Measures its memory in use: when all have joined, when all is published, when all have caught up.
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { openLog, type NewEntry } from 'verbatim/log';
import { streamName, tokens } from './deltas.ts';
import { createDigest, expectedDigest, type Digest } from './digest.ts';
import { createQueues } from './queues.ts';

export interface ReadersTask {
  /** The log, or an array of entries for each reader. */
  readonly kind: 'log' | 'queues';
  /** `sqlite:` or `memory:`. */
  readonly log: string;
  readonly folder: string;
  readonly readers: number;
  /** Published while 3 in 10 are stalled. */
  readonly megabytes: number;
  /** The stalled stop at so many places, evenly from the beginning on: at 1, all of them right after they joined. */
  readonly places: number;
}

interface Memory {
  /** Heap and buffers in use after a full collection. */
  readonly liveBytes: number;
  readonly rssBytes: number;
}

export interface ReadersFigures {
  readonly empty: Memory;
  readonly joined: Memory;
  readonly published: Memory;
  readonly caughtUp: Memory;
  readonly mostRssBytes: number;
  /** Readers that were given every entry once, in order, by a hash of the text. */
  readonly exact: number;
  readonly deltas: number;
  readonly publishedInS: number;
  readonly caughtUpInS: number;
}

/** A stream to publish to and to follow. */
interface Hub {
  publish(entries: readonly NewEntry[]): Promise<unknown>;
  follow(): AsyncIterator<Step>;
  close(): Promise<void>;
}

export type Step = ReadonlyArray<{ readonly from: number; readonly offset: number; readonly data: string }>;

interface Reader {
  readonly steps: AsyncIterator<Step>;
  readonly digest: Digest;
  /** It takes nothing more once it has come so far, until all are told to go on. */
  readonly stallsAt: number;
}

const stream = 0;
const batch = 1_000;
const task = JSON.parse(process.argv[2] ?? '') as ReadersTask; // As readers-part.ts starts it.
const deltas = deltasFor(task.megabytes * 1e6);
process.send?.(await measure());
process.disconnect?.();

async function measure(): Promise<ReadersFigures> {
  const hub = task.kind === 'log' ? await openHub() : createQueues();
  // One is there already: every reader takes it, so that all have begun.
  await hub.publish(tokens.entriesOf(stream, 0, 1));
  const empty = await memory();
  const audience = createAudience(hub);
  await audience.reach(1);
  const joined = await memory();
  let startedAtMs = performance.now();
  for (let from = 1; from < deltas; from += batch) {
    const to = Math.min(from + batch, deltas);
    await hub.publish(tokens.entriesOf(stream, from, to));
    await audience.reach(to);
  }
  const publishedInS = (performance.now() - startedAtMs) / 1_000;
  const published = await memory();
  startedAtMs = performance.now();
  audience.wakeStalled();
  await audience.reach(deltas);
  const caughtUpInS = (performance.now() - startedAtMs) / 1_000;
  const caughtUp = await memory();
  const mostRssBytes = process.resourceUsage().maxRSS * 1024;
  const exact = audience.countExact();
  await hub.close();
  return { empty, joined, published, caughtUp, mostRssBytes, exact, deltas, publishedInS, caughtUpInS };
}

/** So many that their data is of this size. */
function deltasFor(sizeBytes: number): number {
  const sample = tokens.entriesOf(stream, 0, batch).reduce((size, { data }) => size + data.length, 0);
  return Math.ceil((sizeBytes / sample) * batch);
}

async function openHub(): Promise<Hub> {
  const log = await openLog(task.log === 'memory:' ? task.log : task.log + join(task.folder, 'verbatim.db'));
  const name = streamName(stream);
  return {
    publish: async (entries) => await log.append(name, entries),
    follow: () => log.follow(name, { after: 0 })[Symbol.asyncIterator](),
    close: () => log.close(),
  };
}

interface Audience {
  /** Until all readers that are not stalled have come to this offset. */
  reach(offset: number): Promise<void>;
  wakeStalled(): void;
  countExact(): number;
}

function createAudience(hub: Hub): Audience {
  let target = 0;
  let missing = 0;
  let onReached: (() => void) | undefined;
  let areStalling = true;
  const woken = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined); // Whoever waits for the readers is told.

  const readers = Array.from({ length: task.readers }, (_, index): Reader => {
    const place = index % task.places;
    const isStalling = index % 10 < 3;
    const stallsAt = isStalling ? Math.max(1, Math.floor((place / task.places) * deltas)) : Infinity;
    return { steps: hub.follow(), digest: createDigest(), stallsAt };
  });
  for (const reader of readers) read(reader).catch(failed.reject);

  async function read(reader: Reader): Promise<void> {
    const { digest, stallsAt } = reader;
    while (digest.offset < deltas) {
      if (areStalling && digest.offset >= stallsAt) await woken.promise;
      const before = digest.offset;
      await takeStep(reader);
      // One that stalls here is not waited for any more; a step may lead beyond the target.
      const limit = areStalling ? Math.min(target, stallsAt) : target;
      if (before < limit && digest.offset >= limit) arrive();
    }
  }

  function arrive(): void {
    missing -= 1;
    if (missing === 0) onReached?.();
  }

  return {
    async reach(offset) {
      target = offset;
      const isMissing = ({ digest, stallsAt }: Reader): boolean =>
        digest.offset < (areStalling ? Math.min(offset, stallsAt) : offset);
      missing = readers.filter(isMissing).length;
      const reached = new Promise<void>((resolve) => (onReached = resolve));
      if (missing > 0) await Promise.race([reached, failed.promise]);
    },
    wakeStalled() {
      areStalling = false;
      woken.resolve();
    },
    countExact() {
      const expected = expectedDigest(deltas);
      return readers.filter(({ digest }) => digest.equals(expected)).length;
    },
  };
}

/** By itself, so that a reader that stalls holds on to no step. */
async function takeStep({ steps, digest }: Reader): Promise<void> {
  const { value, done } = await steps.next();
  if (done === true) throw new Error('A reader ended early');
  digest.add(value);
}

async function memory(): Promise<Memory> {
  for (let round = 0; round < 3; round += 1) {
    await turn();
    globalThis.gc?.();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { liveBytes: heapUsed + external, rssBytes: rss };
}
