// node:sqlite with a row an event, as one writes it first: a transaction a group, flushed. Once in the
// process itself and once on a worker thread.
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { dataAt, groupCommits, type OpenStore } from '../store.ts';

/** What the worker is given: the data of the appends from number `from` on. */
export interface Rows {
  readonly from: number;
  readonly data: readonly string[];
}

export interface Table {
  insert(rows: Rows): void;
  count(): number;
  close(): void;
}

export function openTable(folder: string, streams: number): Table {
  const database = new DatabaseSync(join(folder, 'rows.db'));
  // With a cache that holds all that the load writes to, and checkpoints far apart: it is slower without.
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -262144;
    PRAGMA wal_autocheckpoint = 10000;
    CREATE TABLE entry (stream INTEGER, offset INTEGER, data TEXT, PRIMARY KEY (stream, offset)) WITHOUT ROWID;
  `);
  const insert = database.prepare('INSERT INTO entry VALUES (?, ?, ?)');
  return {
    insert({ from, data }) {
      database.exec('BEGIN IMMEDIATE');
      let n = from;
      for (const each of data) {
        insert.run(n % streams, Math.floor(n / streams) + 1, each);
        n += 1;
      }
      database.exec('COMMIT');
    },
    count: () => Number(database.prepare('SELECT count(*) AS count FROM entry').get()?.['count']),
    close: () => database.close(),
  };
}

export const openSqlite: OpenStore = async ({ streams, folder }, progress) => {
  const table = openTable(folder, streams);
  return {
    append: groupCommits(progress, async (from, to) => table.insert(rowsOf(from, to, streams))),
    countStored: async () => table.count(),
    close: async () => table.close(),
  };
};

export const openSqliteWorker: OpenStore = async ({ streams, folder }, progress) => {
  const worker = new Worker(new URL('sqlite-worker.ts', import.meta.url), { workerData: { streams, folder } });
  worker.on('error', progress.fail);
  async function ask(message: Rows | 'count' | 'close'): Promise<number> {
    const answered = once(worker, 'message');
    worker.postMessage(message);
    const [count] = await answered;
    return count as number; // As the worker answers.
  }
  return {
    append: groupCommits(progress, async (from, to) => void (await ask(rowsOf(from, to, streams)))),
    countStored: () => ask('count'),
    async close() {
      await ask('close');
      await worker.terminate();
    },
  };
};

function rowsOf(from: number, to: number, streams: number): Rows {
  return { from, data: Array.from({ length: to - from }, (_, index) => dataAt(from + index, streams)) };
}
