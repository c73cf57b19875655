// One stream to 1,000 readers, one of whom stalls: what the server's memory grows by, and whether the
// others get every byte. Beside it `response.write` as it is often seen, which heeds no back-pressure.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { blockBytes, blockCount, readerCount, warmUpBlocks } from './fan-out/blocks.ts';
import type { ReadersReport } from './fan-out/readers.ts';
import type { ServerReport } from './fan-out/server.ts';
import { describeRun } from './support/machine.ts';
import { smallFlags } from './support/server-flags.ts';

const publishedMb = (blockBytes * (blockCount - warmUpBlocks)) / 1e6;
const rows: string[] = [];
for (const writer of ['verbatim', 'bare'] as const) {
  process.stderr.write(`${writer}: ${publishedMb.toFixed(0)} MB to ${readerCount} readers…\n`);
  rows.push(await measure(writer));
}

const report = `# Fan-out with a stalled reader

${describeRun('npm run bench -- fan-out', [])}
- V8: ${smallFlags.join(' ')}

${publishedMb.toFixed(0)} MB published to ${readerCount} readers, one of whom stops reading after the headers. The server and the readers are processes of their own. Memory is measured from when all were connected and the 10 MB before those had been published: what is in use after a full collection, half-way and at the end, and the most of the resident set, in which V8 keeps garbage for as long as it likes.

|  | memory in use grew by | resident set grew by | the stalled reader | others exact | bytes delivered | time |
| --- | ---: | ---: | --- | ---: | ---: | ---: |
${rows.join('\n')}
`;
process.stdout.write(report);
writeFileSync(new URL('results/fan-out.md', import.meta.url), report);

async function measure(writer: 'verbatim' | 'bare'): Promise<string> {
  const server = start('server', writer);
  const port = await messageFrom<number>(server);
  const readers = start('readers', String(port));
  const [read, served] = await Promise.all([messageFrom<ReadersReport>(readers), messageFrom<ServerReport>(server)]);
  server.kill();
  readers.kill();
  const label = writer === 'verbatim' ? 'verbatim: respondNode' : 'response.write, its answer not looked at';
  const liveMb = ((served.mostLiveBytes - served.baseLiveBytes) / 1e6).toFixed(1);
  const rssMb = ((served.mostRssBytes - served.baseRssBytes) / 1e6).toFixed(0);
  const stalled = served.cutAfterS === null ? 'still connected' : `cut off after ${served.cutAfterS.toFixed(0)} s`;
  const cells = [
    label,
    `${liveMb} MB`,
    `${rssMb} MB`,
    stalled,
    `${read.exact} of ${readerCount - 1}`,
    `${(read.bytes / 1e9).toFixed(1)} GB`,
    `${served.publishedInS.toFixed(0)} s`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function start(part: string, argument: string): ChildProcess {
  return fork(new URL(`fan-out/${part}.ts`, import.meta.url), [argument], {
    execArgv: ['--conditions=verbatim-source', '--expose-gc', ...smallFlags],
  });
}

async function messageFrom<T>(child: ChildProcess): Promise<T> {
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`A part of the benchmark ended early, with ${String(code)}`);
  });
  const [message] = await Promise.race([once(child, 'message'), failed]);
  return message as T; // As the part in question sends it.
}
