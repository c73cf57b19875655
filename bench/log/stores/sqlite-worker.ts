// The thread of the SQLite peer: a transaction for each group that it is sent.
import { parentPort, workerData } from 'node:worker_threads';
import { openTable, type Rows } from './sqlite.ts';

const { streams, folder } = workerData as { streams: number; folder: string }; // As sqlite.ts starts it.
const table = openTable(folder, streams);

parentPort?.on('message', (message: Rows | 'count' | 'close') => {
  let count = 0;
  if (message === 'close') table.close();
  else if (message === 'count') count = table.count();
  else table.insert(message);
  parentPort?.postMessage(count);
});
