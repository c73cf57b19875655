// A thread of its own that copies SQLite's log into the file, as from time to time it must: within a
// commit, as SQLite does it by itself, it would hold that one up for 20 ms and more.
import { fdatasyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { assert } from '../../../core/assert.ts';

export interface Checkpointer {
  /** Copies what is in the log; then calls back, whether it could or not. */
  checkpoint(done: () => void): void;
  /** Call it when the database was closed. */
  close(): Promise<void>;
}

/** The thread is started with the first checkpoint: most stores never need one. */
export function createCheckpointer(path: string): Checkpointer {
  let thread: Worker | undefined;
  let whenDone: (() => void) | undefined;

  function settle(): void {
    const done = whenDone;
    whenDone = undefined;
    done?.();
  }

  function start(): Worker {
    const started = new Worker(new URL(import.meta.url), { workerData: { checkpoints: path }, execArgv: [] });
    started.on('message', settle);
    started.on('error', settle); // A store that cannot even be opened any more: a commit meets that, too, and tells.
    started.on('exit', () => {
      thread = undefined;
      settle();
    });
    return started;
  }

  return {
    checkpoint(done) {
      if (path === ':memory:') return; // It has no log.
      whenDone = done;
      thread ??= start();
      thread.postMessage('checkpoint');
    },
    async close() {
      whenDone = undefined;
      await thread?.terminate();
    },
  };
}

/** The thread itself. */
function serve(path: string): void {
  assert(parentPort !== null, 'the checkpointer serves as a thread');
  const port = parentPort;
  const database = new DatabaseSync(path, { timeout: 0 });
  // Never closed before the database is: with any descriptor of a file a process loses all its locks on it.
  const file = openSync(path, 'r');
  port.on('message', () => {
    try {
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
      // SQLite leaves that to who copies the last commit, which will be the worker.
      fdatasyncSync(file);
    } catch {
      // As on a full disk: it stays in the log, where it is as durable, and is copied later.
    }
    port.postMessage('done');
  });
}

const settings: unknown = workerData;
if (!isMainThread && typeof settings === 'object' && settings !== null && 'checkpoints' in settings) {
  serve(String(settings.checkpoints));
}
