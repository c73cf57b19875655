// A bare file: one write and one fdatasync a group, in the thread pool. It is filled beforehand, so
// that a sync need not write the file's length. No store that can be read by stream can go below it.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { dataAt, groupCommits, offsetOf, streamOf, type OpenStore } from '../store.ts';

const lineBytes = 192; // More than any line needs.

export const openFile: OpenStore = async ({ streams, folder, maxAppends }, progress) => {
  const file = await open(join(folder, 'log'), 'w+');
  const blank = Buffer.alloc(16 * 2 ** 20);
  const sizeBytes = maxAppends * lineBytes;
  for (let at = 0; at < sizeBytes; at += blank.length) await file.write(blank, 0, blank.length, at);
  await file.sync();
  let buffer = Buffer.alloc(2 ** 20);
  let position = 0;

  async function commit(from: number, to: number): Promise<void> {
    let lines = '';
    for (let n = from; n < to; n += 1)
      lines += `${streamOf(n, streams)} ${offsetOf(n, streams)} ${dataAt(n, streams)}\n`;
    if (lines.length > buffer.length) buffer = Buffer.alloc(lines.length * 2);
    const length = buffer.write(lines, 'latin1');
    await file.write(buffer, 0, length, position);
    await file.datasync();
    position += length;
  }

  return {
    append: groupCommits(progress, commit),
    async countStored() {
      let stored = 0;
      for (let at = 0; at < position; at += blank.length) {
        const { bytesRead } = await file.read(blank, 0, Math.min(blank.length, position - at), at);
        for (let byte = 0; byte < bytesRead; byte += 1) if (blank[byte] === 0x0a) stored += 1;
      }
      return stored;
    },
    close: () => file.close(),
  };
};
