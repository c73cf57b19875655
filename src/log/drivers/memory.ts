// A log in memory: for tests and for trying things out. Gone with the process. Each operation is done
// at once and in the plainest way, for this is also the model that the other drivers are compared with.
import { systemClock, type Clock } from '../../core/clock.ts';
import { systemRandom, type Random } from '../../core/random.ts';
import { createFollowers } from '../follow.ts';
import type { Lease, Leases } from '../lease.ts';
import type {
  AppendOptions,
  AppendResult,
  Entry,
  IndexChange,
  IndexPage,
  IndexRow,
  ListOptions,
  Log,
  NewEntry,
} from '../log.ts';
import { formatPageToken, parsePageToken } from '../page-token.ts';
import {
  checkAppend,
  checkLimit,
  checkTrim,
  fenced,
  logClosed,
  offsetConflict,
  offsetExpired,
  streamDeleted,
  trimConflict,
} from '../refuse.ts';
import { matchesSearch, searchWords } from '../search-words.ts';
import { takeStep } from '../take-step.ts';

interface Stream {
  readonly name: string;
  /** Grows in the order of creation. */
  readonly id: number;
  /** In order, without a hole. */
  readonly entries: Entry[];
  readonly keys: Map<string, AppendResult>;
  /** When it last grew. */
  writtenAtMs: number;
  /** The last offset that a trim has reached. */
  trimmedThrough: number;
  listed: Listed | undefined;
}

interface Listed {
  readonly owner: string;
  readonly row: IndexRow;
  /** The words of each text that was given. */
  readonly texts: ReadonlyArray<readonly string[]>;
}

/** What is there instead of a stream that was deleted. */
const tombstone = 'deleted';

export function createMemoryLog(deps: { clock?: Clock; random?: Random } = {}): Log {
  const { clock = systemClock, random = systemRandom } = deps;
  const streams = new Map<string, Stream | typeof tombstone>();
  const followers = createFollowers(async (name, after) => readFrom(name, after, Infinity));
  let lastStreamId = 0;
  let isClosed = false;

  function checkOpen(): void {
    if (isClosed) throw logClosed();
  }

  /** Undefined where there is none yet. */
  function streamOf(name: string): Stream | undefined {
    checkOpen();
    const stream = streams.get(name);
    if (stream === tombstone) throw streamDeleted(name);
    return stream;
  }

  /** Those that are there, in the order of their creation. */
  function living(): Stream[] {
    return [...streams.values()].filter((stream) => stream !== tombstone);
  }

  function append(name: string, added: readonly NewEntry[], options: AppendOptions): AppendResult {
    checkOpen();
    checkAppend(name, added, options);
    const { key, lease, expectedOffset, index } = options;
    const found = streamOf(name);
    const seen = key === undefined ? undefined : found?.keys.get(key);
    if (seen !== undefined) return { ...seen, replayed: true };
    if (lease !== undefined) leases.check(lease);
    const head = headOf(found);
    if (expectedOffset !== undefined && expectedOffset !== head) throw offsetConflict(name, expectedOffset, head);
    // Every refusal is above this line.
    const atMs = clock.now();
    const stream = found ?? create(name);
    for (const [position, { type, data }] of added.entries()) {
      const offset = head + position + 1;
      stream.entries.push({ type, data, from: offset, offset, atMs });
    }
    stream.writtenAtMs = atMs;
    const result = { first: head + 1, last: head + added.length, replayed: false };
    if (key !== undefined) stream.keys.set(key, result);
    if (index !== undefined) stream.listed = listedAfter(stream, index, atMs);
    followers.announce(name, result.last);
    return result;
  }

  function create(name: string): Stream {
    const id = (lastStreamId += 1);
    const keys = new Map<string, AppendResult>();
    const stream: Stream = { name, id, entries: [], keys, writtenAtMs: 0, trimmedThrough: 0, listed: undefined };
    streams.set(name, stream);
    return stream;
  }

  function readFrom(name: string, after: number, limit: number): readonly Entry[] {
    const entries = streamOf(name)?.entries ?? [];
    const start = entries.findIndex(({ offset }) => offset > after);
    const first = entries[start];
    if (first === undefined) return [];
    if (first.from !== after + 1) throw offsetExpired(name, after, first);
    return takeStep(entries.slice(start), limit);
  }

  function trim(name: string, replacement: readonly Entry[]): void {
    checkOpen();
    checkTrim(name, replacement);
    const stream = streamOf(name);
    const entries = stream?.entries ?? [];
    const from = replacement[0]?.from ?? 0;
    const through = replacement.at(-1)?.offset ?? 0;
    const start = entries.findIndex((entry) => entry.from === from);
    const end = entries.findIndex(({ offset }) => offset === through);
    if (stream === undefined || start === -1 || end === -1) throw trimConflict(name, { from, through });
    const kept = replacement.map(({ type, data, from: first, offset, atMs }) => ({
      type,
      data,
      from: first,
      offset,
      atMs,
    }));
    entries.splice(start, end - start + 1, ...kept);
    stream.trimmedThrough = Math.max(stream.trimmedThrough, through);
    followers.announce(name, headOf(stream));
  }

  function list(owner: string, { limit = 100, pageToken, search = '' }: ListOptions): IndexPage {
    checkOpen();
    checkLimit(limit);
    const place = pageToken === undefined ? undefined : parsePageToken(pageToken);
    const words = searchWords(search);
    const found = living()
      .flatMap(({ id, listed }) => (listed?.owner === owner ? [{ id, ...listed }] : []))
      .filter(({ row, texts }) => words.length === 0 || matchesSearch(words, [searchWords(row.title), ...texts]))
      .toSorted((a, b) => b.row.updatedAtMs - a.row.updatedAtMs || b.id - a.id)
      .filter(({ id, row: { updatedAtMs } }) => {
        if (place === undefined) return true;
        return updatedAtMs < place.updatedAtMs || (updatedAtMs === place.updatedAtMs && id < place.id);
      });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const hasMore = last !== undefined && found.length > page.length;
    return {
      rows: page.map(({ row }) => row),
      next: hasMore ? formatPageToken({ updatedAtMs: last.row.updatedAtMs, id: last.id }) : null,
    };
  }

  const leases = createLeases(clock, checkOpen);
  const log: Log = {
    epoch: random.id(8),
    leases,
    append: async (name, added, options = {}) => append(name, added, options),
    async find(name, key) {
      const seen = streamOf(name)?.keys.get(key);
      return seen === undefined ? null : { ...seen, replayed: true };
    },
    async read(name, { after, limit = 1_000 }) {
      checkLimit(limit);
      return readFrom(name, after, limit);
    },
    head: async (name) => headOf(streamOf(name)),
    follow: followers.follow,
    trim: async (name, replacement) => trim(name, replacement),
    async untrimmed({ quietSinceMs, limit }) {
      checkOpen();
      checkLimit(limit);
      return living()
        .filter((stream) => headOf(stream) > stream.trimmedThrough && stream.writtenAtMs < quietSinceMs)
        .toSorted((a, b) => a.writtenAtMs - b.writtenAtMs || a.id - b.id)
        .slice(0, limit)
        .map(({ name }) => name);
    },
    list: async (owner, options = {}) => list(owner, options),
    async delete(name) {
      checkOpen();
      const stream = streams.get(name);
      if (stream === undefined || stream === tombstone) return false;
      streams.set(name, tombstone);
      followers.announce(name, Infinity);
      return true;
    },
    async close() {
      isClosed = true;
      followers.close();
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
  return log;
}

function headOf(stream: Stream | undefined): number {
  return stream?.entries.at(-1)?.offset ?? 0;
}

function listedAfter({ name, listed }: Stream, { owner, title, text }: IndexChange, atMs: number): Listed {
  const texts = listed?.texts ?? [];
  return {
    owner,
    row: {
      stream: name,
      title: title ?? listed?.row.title ?? '',
      createdAtMs: listed?.row.createdAtMs ?? atMs,
      updatedAtMs: atMs,
    },
    texts: text === undefined ? texts : [...texts, searchWords(text)],
  };
}

interface MemoryLeases extends Leases {
  /** Errors: `lease-lost`. */
  check(lease: { readonly name: string; readonly epoch: number }): void;
}

function createLeases(clock: Clock, checkOpen: () => void): MemoryLeases {
  const held = new Map<string, Lease>();
  let lastEpoch = 0;

  return {
    async acquire(name, { ttlMs }) {
      checkOpen();
      const nowMs = clock.now();
      if ((held.get(name)?.expiresAtMs ?? -Infinity) > nowMs) return null;
      const lease = { name, epoch: (lastEpoch += 1), expiresAtMs: nowMs + ttlMs };
      held.set(name, lease);
      return lease;
    },
    async renew({ name, epoch }, { ttlMs }) {
      checkOpen();
      if (held.get(name)?.epoch !== epoch) return null;
      const lease = { name, epoch, expiresAtMs: ttlMs === 0 ? -Infinity : clock.now() + ttlMs };
      held.set(name, lease);
      return lease;
    },
    async release({ name, epoch }) {
      checkOpen();
      if (held.get(name)?.epoch === epoch) held.delete(name);
    },
    async expired() {
      checkOpen();
      const nowMs = clock.now();
      return [...held.values()].filter(({ expiresAtMs }) => expiresAtMs <= nowMs).map(({ name }) => name);
    },
    check(lease) {
      const newest = held.get(lease.name)?.epoch;
      if (newest !== lease.epoch) throw fenced(lease, newest);
    },
  };
}
