// lmdb: a put an event, of a key that keeps a stream's entries together, and the flush that they share.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { peersFolder } from '../peers.ts';
import { dataAt, groupCommits, offsetOf, streamOf, type OpenStore } from '../store.ts';

/** As much of it as is used: it is not among the packages that `npm ci` installs. */
interface Lmdb {
  open(options: { path: string; keyEncoding: 'uint32'; encoding: 'string' }): {
    put(key: number, value: string): Promise<boolean>;
    readonly flushed: PromiseLike<unknown>;
    getCount(): number;
    close(): Promise<void>;
  };
}

const offsetBits = 21; // Of the key's 32.

export const openLmdb: OpenStore = async ({ streams, folder }, progress) => {
  const lmdb = createRequire(join(peersFolder, 'index.js'))('lmdb') as Lmdb; // Its own types are not installed.
  const database = lmdb.open({ path: join(folder, 'lmdb'), keyEncoding: 'uint32', encoding: 'string' });
  return {
    append: groupCommits(progress, async (from, to) => {
      let last: Promise<boolean> | undefined;
      for (let n = from; n < to; n += 1)
        last = database.put(streamOf(n, streams) * 2 ** offsetBits + offsetOf(n, streams), dataAt(n, streams));
      await last;
      await database.flushed;
    }),
    countStored: async () => database.getCount(),
    close: () => database.close(),
  };
};
