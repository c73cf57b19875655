// The readers of the fan-out, which compare every byte with what was to come; one of them stalls.
import { get, type IncomingMessage } from 'node:http';
import { blockAt, blockBytes, blockCount, readerCount } from './blocks.ts';

export interface ReadersReport {
  /** How many got all of it, and nothing else. */
  readonly exact: number;
  readonly bytes: number;
}

const port = Number(process.argv[2]);
const opening = 'retry: 1000\n\n'.length;
let exact = 0;
let bytes = 0;
let ended = 0;

for (let n = 0; n < readerCount; n += 1) {
  const path = n === 0 ? '/stalled' : '/';
  get({ host: '127.0.0.1', port, path, agent: false, headers: { Connection: 'close' } }, (response) => {
    response.on('error', () => undefined);
    if (n > 0) read(response);
    else response.pause();
  }).on('error', () => undefined);
}

function read(response: IncomingMessage): void {
  let at = -opening;
  let isExact = true;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    let from = 0;
    if (at < 0) {
      // The wait that `retry` asks for differs, and so may its length: it ends with a blank line.
      from = chunk.indexOf('\n\n') + 2;
      at = 0;
    }
    while (from < chunk.length) {
      const offset = at % blockBytes;
      const length = Math.min(chunk.length - from, blockBytes - offset);
      const expected = blockAt(Math.floor(at / blockBytes));
      isExact &&= chunk.compare(expected, offset, offset + length, from, from + length) === 0;
      from += length;
      at += length;
    }
  });
  response.on('close', () => {
    if (isExact && at === blockBytes * blockCount) exact += 1;
    ended += 1;
    if (ended < readerCount - 1) return;
    const report: ReadersReport = { exact, bytes };
    process.send?.(report);
  });
}
