// The process of one store under load: opens it, runs the load, counts what is stored, sends the figures.
import { measureLoad, maxAppendsOf, type Load, type LoadFigures } from './load.ts';
import type { OpenStore } from './store.ts';
import { openFile } from './stores/file.ts';
import { openLmdb } from './stores/lmdb.ts';
import { openNothing } from './stores/nothing.ts';
import { openRedis } from './stores/redis.ts';
import { openSqlite, openSqliteWorker } from './stores/sqlite.ts';
import { openVerbatim } from './stores/verbatim.ts';

export interface AppendTask {
  readonly store: StoreName;
  /** As in `Plan`. */
  readonly log: string;
  readonly folder: string;
  readonly load: Load;
}

export interface AppendFigures extends LoadFigures {
  /** The most resident memory of the process, and that of others that work for the store. */
  readonly rssBytes: number;
}

const stores = {
  verbatim: openVerbatim,
  nothing: openNothing,
  file: openFile,
  sqlite: openSqlite,
  'sqlite-worker': openSqliteWorker,
  lmdb: openLmdb,
  redis: openRedis,
} satisfies Record<string, OpenStore>;

export type StoreName = keyof typeof stores;

const { store: name, log, folder, load } = JSON.parse(process.argv[2] ?? '') as AppendTask; // As append-part.ts starts it.
const measurement = measureLoad(load);
const store = await stores[name](
  { streams: load.streams, log, folder, maxAppends: maxAppendsOf(load) },
  measurement.progress,
);
const figures = await measurement.run(store);
const rssBytes = process.resourceUsage().maxRSS * 1024 + ((await store.rssElsewhere?.()) ?? 0);
const stored = await store.countStored();
if (stored !== figures.appended) throw new Error(`${name}: ${figures.appended} were appended, ${stored} are stored`);
await store.close();
process.send?.({ ...figures, rssBytes } satisfies AppendFigures);
process.disconnect?.();
