// A log in memory: for tests and for trying things out. Gone with the process.
import { systemClock, type Clock } from '../../core/clock.ts';
import { StreamError } from '../../core/errors.ts';
import { systemRandom, type Random } from '../../core/random.ts';
import { createCommits, followStream } from '../follow.ts';
import type { Lease, Leases } from '../lease.ts';
import type { AppendOptions, AppendResult, Entry, IndexRow, Log, NewEntry } from '../log.ts';
import { fenced, offsetConflict } from '../refuse.ts';

interface Stream {
  readonly entries: Entry[];
  readonly keys: Map<string, AppendResult>;
  owner: string | undefined;
  row: IndexRow | undefined;
}

interface Held {
  epoch: number;
  expiresAtMs: number;
  released: boolean;
}

export function createMemoryLog(deps: { clock?: Clock; random?: Random } = {}): Log {
  const { clock = systemClock, random = systemRandom } = deps;
  const streams = new Map<string, Stream>();
  const leases = new Map<string, Held>();
  const commits = createCommits();
  const closed = new AbortController();

  function checkOpen(): void {
    if (closed.signal.aborted) throw new StreamError('store-unavailable', 'Expected an open log, but it was closed.');
  }

  function write(name: string, added: readonly NewEntry[], options: AppendOptions): AppendResult {
    checkOpen();
    const stream: Stream = streams.get(name) ?? { entries: [], keys: new Map(), owner: undefined, row: undefined };
    const seen = options.key === undefined ? undefined : stream.keys.get(options.key);
    if (seen !== undefined) return { ...seen, replayed: true };
    const { lease, expectedOffset } = options;
    const head = stream.entries.length;
    if (lease !== undefined) {
      const held = leases.get(lease.name);
      if (held === undefined || held.released || held.epoch !== lease.epoch) throw fenced(lease, held?.epoch);
    }
    if (expectedOffset !== undefined && expectedOffset !== head) throw offsetConflict(name, expectedOffset, head);
    const atMs = clock.now();
    stream.entries.push(...added.map(({ type, data }, index) => ({ type, data, offset: head + index + 1, atMs })));
    const result = { first: head + 1, last: head + added.length, replayed: false };
    if (options.key !== undefined) stream.keys.set(options.key, result);
    stream.owner = options.index?.owner ?? stream.owner;
    stream.row = rowAfter(stream.row, name, options.index, atMs);
    streams.set(name, stream);
    return result;
  }

  const leasePort: Leases = {
    async acquire(name, { ttlMs }) {
      checkOpen();
      const held = leases.get(name);
      if (held !== undefined && !held.released && held.expiresAtMs > clock.now()) return null;
      const lease: Lease = { name, epoch: (held?.epoch ?? 0) + 1, expiresAtMs: clock.now() + ttlMs };
      leases.set(name, { epoch: lease.epoch, expiresAtMs: lease.expiresAtMs, released: false });
      return lease;
    },
    async renew(lease, { ttlMs }) {
      checkOpen();
      const held = leases.get(lease.name);
      if (held === undefined || held.released || held.epoch !== lease.epoch) return null;
      held.expiresAtMs = clock.now() + ttlMs;
      return { ...lease, expiresAtMs: held.expiresAtMs };
    },
    async release(lease) {
      const held = leases.get(lease.name);
      if (held !== undefined && held.epoch === lease.epoch) held.released = true;
    },
    async expired() {
      checkOpen();
      const nowMs = clock.now();
      return [...leases].filter(([, held]) => !held.released && held.expiresAtMs <= nowMs).map(([name]) => name);
    },
  };

  const log: Log = {
    epoch: random.id(8),
    leases: leasePort,
    async append(name, added, options = {}) {
      const result = write(name, added, options);
      if (!result.replayed) commits.announce(name);
      return result;
    },
    async read(name, { after, limit = 1_000 }) {
      checkOpen();
      return streams.get(name)?.entries.slice(after, after + limit) ?? [];
    },
    async find(name, key) {
      checkOpen();
      const seen = streams.get(name)?.keys.get(key);
      return seen === undefined ? null : { ...seen, replayed: true };
    },
    async head(name) {
      checkOpen();
      return streams.get(name)?.entries.length ?? 0;
    },
    follow(name, { after, signal }) {
      const ends = signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal]);
      return followStream({ read: log.read, commits }, name, { after, signal: ends });
    },
    async list(owner, { limit = 100 } = {}) {
      checkOpen();
      const rows = [...streams.values()].flatMap((stream) =>
        stream.owner === owner && stream.row !== undefined ? [stream.row] : [],
      );
      return rows.toReversed().slice(0, limit);
    },
    async close() {
      closed.abort();
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
  return log;
}

function rowAfter(row: Stream['row'], stream: string, index: AppendOptions['index'], nowMs: number): Stream['row'] {
  if (index === undefined) return row === undefined ? undefined : { ...row, updatedAtMs: nowMs };
  return { stream, title: index.title, createdAtMs: row?.createdAtMs ?? nowMs, updatedAtMs: nowMs };
}
