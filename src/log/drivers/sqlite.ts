// The log in one SQLite file. The database lives in a worker thread, so that waiting for the disk
// never holds up delivery.
import { Worker } from 'node:worker_threads';
import { systemClock, type Clock } from '../../core/clock.ts';
import { StreamError } from '../../core/errors.ts';
import { systemRandom, type Random } from '../../core/random.ts';
import { createCommits, followStream } from '../follow.ts';
import type { Log } from '../log.ts';
import type { Failure, OperationName, Operations, Reply, WorkerSettings } from './sqlite-protocol.ts';

export interface SqliteOptions {
  /** The file; made where it is missing. `:memory:` is not shared and not kept. */
  readonly path: string;
  /** Bound of the file's size, in bytes; appends beyond it are refused as on a full disk. Default: none. */
  readonly maxSizeBytes?: number | undefined;
}

/**
 * Opens the store. Commits are flushed to disk before they are answered.
 * Errors: `store-in-use` (another process), `store-unusable` (damaged, newer, or not ours),
 * `store-unavailable` (cannot be opened or written).
 */
export async function openSqliteLog(
  options: SqliteOptions,
  deps: { clock?: Clock; random?: Random } = {},
): Promise<Log> {
  const { clock = systemClock, random = systemRandom } = deps;
  const { epoch, call, close } = await startWorker({
    path: options.path,
    maxSizeBytes: options.maxSizeBytes,
    newEpoch: random.id(8),
  });
  const commits = createCommits();
  const closed = new AbortController();

  const log: Log = {
    epoch,
    leases: {
      acquire: (name, { ttlMs }) => call('acquire', { name, ttlMs, nowMs: clock.now() }),
      renew: (lease, { ttlMs }) => call('renew', { lease, ttlMs, nowMs: clock.now() }),
      release: async (lease) => void (await call('release', { lease })),
      expired: () => call('expired', { nowMs: clock.now() }),
    },
    async append(stream, entries, appendOptions = {}) {
      const result = await call('append', { stream, entries, options: appendOptions, nowMs: clock.now() });
      if (!result.replayed) commits.announce(stream);
      return result;
    },
    read: (stream, { after, limit = 1_000 }) => call('read', { stream, after, limit }),
    find: (stream, key) => call('find', { stream, key }),
    head: (stream) => call('head', { stream }),
    follow(stream, { after, signal }) {
      const ends = signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal]);
      return followStream({ read: log.read, commits }, stream, { after, signal: ends });
    },
    list: (owner, { limit = 100 } = {}) => call('list', { owner, limit }),
    async close() {
      closed.abort();
      await close();
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
  return log;
}

interface WorkerHandle {
  readonly epoch: string;
  call<Name extends OperationName>(
    name: Name,
    request: Operations[Name]['request'],
  ): Promise<Operations[Name]['result']>;
  close(): Promise<void>;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

async function startWorker(settings: WorkerSettings): Promise<WorkerHandle> {
  // Run from source the file beside this one ends in .ts, built it ends in .js.
  const file = import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: settings });
  const pending = new Map<number, Pending>();
  const opened = Promise.withResolvers<string>();
  const exited = Promise.withResolvers<void>();
  let lastId = 0;
  let gone: StreamError | undefined;

  function fail(error: StreamError): void {
    gone ??= error;
    opened.reject(gone);
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
  }

  function take(id: number): Pending | undefined {
    const waiting = pending.get(id);
    pending.delete(id);
    return waiting;
  }

  worker.on('message', (reply: Reply) => {
    if (reply.type === 'opened') opened.resolve(reply.epoch);
    else if (reply.type === 'open-failed') fail(errorOf(reply.failure));
    else if (reply.type === 'result') take(reply.id)?.resolve(reply.result);
    else take(reply.id)?.reject(errorOf(reply.failure));
  });
  worker.on('error', (error) => fail(new StreamError('store-unavailable', 'The store has failed.', { cause: error })));
  worker.on('exit', () => {
    fail(new StreamError('store-unavailable', 'Expected an open log, but it was closed.'));
    exited.resolve();
  });

  const epoch = await opened.promise;
  let closing = false;
  return {
    epoch,
    async call(name, request) {
      if (gone !== undefined || closing) {
        throw gone ?? new StreamError('store-unavailable', 'Expected an open log, but it was closed.');
      }
      const id = (lastId += 1);
      const reply = Promise.withResolvers<unknown>();
      pending.set(id, reply);
      worker.postMessage({ id, name, request });
      return (await reply.promise) as Operations[typeof name]['result']; // The worker answers what was asked.
    },
    async close() {
      if (!closing) worker.postMessage('close');
      closing = true;
      await exited.promise;
    },
  };
}

function errorOf({ code, message, details }: Failure): StreamError {
  return new StreamError(code, message, { details });
}
