// The log in one SQLite file. The database lives in a worker thread, so that waiting for the disk
// never holds up delivery. Here appends are checked and put in order, and live readers served.
import { systemClock, type Clock } from '../../core/clock.ts';
import { systemRandom, type Random } from '../../core/random.ts';
import { createFollowers } from '../follow.ts';
import type { AppendResult, Entry, Log } from '../log.ts';
import { checkAppend, checkLimit, checkTrim, logClosed, streamDeleted } from '../refuse.ts';
import { createCommitter } from './sqlite/committer.ts';
import { refuseWaiting } from './sqlite/gathering.ts';
import { createLeaseTable } from './sqlite/leases.ts';
import type { Durability } from './sqlite/protocol.ts';
import { readEntries } from './sqlite/read-entries.ts';
import { createStreams, type AppendRequest, type Stream } from './sqlite/streams.ts';
import { startThread } from './sqlite/thread.ts';

export interface SqliteOptions {
  /** The file; made where it is missing. `:memory:` is not shared and not kept. */
  readonly path: string;
  /**
   * What an acknowledged append survives: with `disk` a loss of power; with `process` the end of the
   * process, at whatever moment, but not that of the machine. Default: `disk`.
   */
  readonly durability?: Durability | undefined;
  /**
   * How long appends gather under load before they are committed together, in ms; 0 to commit as
   * fast as the disk allows. Nothing waits where there is little to do. Default: 1.
   */
  readonly gatherMs?: number | undefined;
  /** Bound of the file's size, in bytes; appends beyond it are refused as on a full disk. Default: none. */
  readonly maxSizeBytes?: number | undefined;
}

const defaultGatherMs = 1; // Chosen: 0 to 4 cost the same, as measured, where appends come in bursts; where they trickle, each ms saves commits.

/**
 * Opens the store. Errors: `store-in-use` (another process), `store-unusable` (damaged, newer, or
 * not ours), `store-unavailable` (cannot be opened or written).
 */
export async function openSqliteLog(
  options: SqliteOptions,
  deps: { clock?: Clock; random?: Random } = {},
): Promise<Log> {
  const { clock = systemClock, random = systemRandom } = deps;
  const { path, durability = 'disk', gatherMs = defaultGatherMs, maxSizeBytes } = options;
  const thread = await startThread({ path, durability, maxSizeBytes, newEpoch: random.id(8) });
  const followers = createFollowers((stream, after) => readStep(stream, { after, limit: Infinity }));
  const streams = createStreams(thread);
  const leases = createLeaseTable(thread.opened, clock);
  const committer = createCommitter({
    thread,
    leases,
    clock,
    gatherMs,
    isFollowed: followers.has,
    announce: followers.announce,
  });
  let isClosed = false;
  let closing: Promise<void> | undefined;

  function checkOpen(): void {
    if (isClosed) throw logClosed();
  }

  async function load(name: string): Promise<Stream> {
    checkOpen();
    const stream = await streams.load(name);
    if (stream.isDeleted) throw streamDeleted(name);
    return stream;
  }

  async function readStep(name: string, range: { after: number; limit: number }): Promise<readonly Entry[]> {
    return await readEntries(await load(name), range, thread);
  }

  const log: Log = {
    epoch: thread.opened.epoch,
    leases: {
      acquire: (name, { ttlMs }) => committer.lease(() => leases.acquire(name, ttlMs)),
      async renew(lease, { ttlMs }) {
        checkOpen();
        return leases.renew(lease, ttlMs);
      },
      release: (lease) => committer.lease(() => leases.release(lease)),
      async expired() {
        checkOpen();
        return leases.expired();
      },
    },
    append(name, entries, appendOptions = noOptions) {
      const { promise, resolve, reject } = Promise.withResolvers<AppendResult>();
      const call: AppendCall = { entries, options: appendOptions, resolve, reject };
      try {
        checkOpen();
        checkAppend(name, entries, appendOptions);
        const stream = streams.peek(name);
        if (stream === undefined) appendLater(name, call);
        else appendTo(stream, call);
      } catch (error) {
        reject(error);
      }
      return promise;
    },
    async find(name, key) {
      const { id } = await load(name);
      return id === 0 ? null : await thread.call('key', { stream: id, key });
    },
    async read(name, { after, limit = 1_000 }) {
      checkLimit(limit);
      return await readStep(name, { after, limit });
    },
    async head(name) {
      return (await load(name)).head;
    },
    follow: followers.follow,
    async trim(name, entries) {
      checkOpen();
      checkTrim(name, entries);
      await new Promise<void>((resolve, reject) => {
        streams.use(name, (stream) => committer.trim({ stream, entries, resolve, reject }), reject);
      });
    },
    async untrimmed({ quietSinceMs, limit }) {
      checkOpen();
      checkLimit(limit);
      return await thread.call('untrimmed', { quietSinceMs, limit });
    },
    async list(owner, listOptions = {}) {
      checkOpen();
      if (listOptions.limit !== undefined) checkLimit(listOptions.limit);
      return await thread.call('list', { owner, options: listOptions });
    },
    delete(name) {
      return new Promise<boolean>((resolve, reject) => {
        checkOpen();
        streams.use(
          name,
          (stream) =>
            committer.delete({ type: 'delete', stream, outcome: undefined, next: undefined, resolve, reject }),
          reject,
        );
      });
    },
    async close() {
      isClosed = true;
      closing ??= closeAll();
      await closing;
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
  return log;

  function appendTo(stream: Stream, { entries, options: given, resolve, reject }: AppendCall): void {
    if (given.key !== undefined && !stream.keys.has(given.key)) lookUp(stream, given.key);
    committer.append({
      type: 'append',
      stream,
      entries,
      options: given,
      outcome: undefined,
      next: undefined,
      resolve,
      reject,
    });
  }

  // A function of its own: a closure for each append would be most of what it costs.
  function appendLater(name: string, call: AppendCall): void {
    streams.use(name, (stream) => appendTo(stream, call), call.reject);
  }

  /** Finds out whether the key was seen before; what waits for the stream waits for that. */
  function lookUp(stream: Stream, key: string): void {
    stream.keys.set(key, null);
    if (stream.id === 0) return;
    committer.pin(stream);
    thread.call('key', { stream: stream.id, key }).then(
      (found) => {
        stream.keys.set(key, found);
        committer.unpin(stream);
      },
      (error: unknown) => {
        refuseWaiting(stream, error);
        stream.keys.clear();
        committer.unpin(stream);
      },
    );
  }

  async function closeAll(): Promise<void> {
    followers.close();
    try {
      await committer.close();
    } finally {
      await thread.close();
    }
  }
}

const noOptions = {};

type AppendCall = Pick<AppendRequest, 'entries' | 'options' | 'resolve' | 'reject'>;
