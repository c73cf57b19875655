// One operation on a store that is to be cut short: `node operate.ts <an Operation as JSON>`.
import { once } from 'node:events';
import { writeSync, watch } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { backUpLog, openLog } from 'verbatim/log';

export interface Operation {
  readonly type: 'open' | 'back-up';
  /** A store's URL. */
  readonly store: string;
  /** Where a copy goes. */
  readonly target: string;
  /** The folder whose changes are counted. */
  readonly folder: string;
  /** It kills itself at the so many-th of them. */
  readonly fileEvents: number;
}

async function perform({ type, store, target }: Operation): Promise<void> {
  if (type === 'back-up') await backUpLog(store, target);
  else await (await openLog(store)).close();
}

/** In a thread of its own, so that this one sees meanwhile what happens to the folder. */
async function performBeside(operation: Operation): Promise<void> {
  let count = 0;
  watch(operation.folder, () => (count += 1) === operation.fileEvents && process.kill(process.pid, 'SIGKILL'));
  await once(new Worker(new URL(import.meta.url), { workerData: operation }), 'exit');
  writeSync(3, '"done"\n');
  process.exit(0);
}

if (isMainThread) await performBeside(JSON.parse(process.argv[2] ?? '') as Operation);
else await perform(workerData as Operation);
