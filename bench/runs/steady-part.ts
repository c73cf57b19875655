// Very many answers at once, each at the pace of a model: what they cost, and how soon readers have it.
import type { BarGroup } from '../support/chart.ts';
import { alignedTable } from '../support/report.ts';
import type { LoadFigures } from './load.ts';
import { megabytes, number, quantile, type Cell, type Measured, type Part, type Target } from './part.ts';

const piecesPerS = 20;

export function steadyCells({
  runs,
  seconds,
  rampS,
}: {
  runs: readonly number[];
  seconds: number;
  rampS: number;
}): Cell[] {
  const load = { piecesPerS, wordsAtOnce: 1, seconds, appendMs: 0 };
  const most = Math.max(...runs);
  return [
    ...runs.map((count) => ({
      label: `**verbatim**, SQLite, fsync`,
      load: { ...load, log: 'sqlite:' as const, runs: count, rampS },
    })),
    { label: 'verbatim, in memory', load: { ...load, log: 'memory:', runs: most, rampS } },
    { label: 'the models alone (the limit)', load: { ...load, log: 'nothing', runs: most, rampS } },
  ];
}

export function steadyPart(all: readonly Measured[]): Part {
  const costs = [
    [
      '',
      'runs',
      'pieces/s',
      'cores',
      'µs CPU a piece',
      'appends/s',
      'event loop p99 ms',
      'max ms',
      'exact',
      'all ended in',
    ],
    ...all.map(costRow),
  ];
  const times = [
    [
      '',
      'runs',
      'first piece p50 ms',
      'p99',
      'delay p50 ms',
      'p99',
      'max',
      'late p50 ms',
      'p99',
      'followed',
      'readers’ cores',
    ],
    ...all.filter(({ load }) => load.log !== 'nothing').map(timeRow),
  ];
  const memory = [
    ['', 'runs', 'heap before', 'heap', 'a run', 'of that its text', 'resident', 'most resident'],
    ...all.filter(({ load }) => load.log !== 'nothing').map(memoryRow),
  ];
  return {
    text: `## Answers at once, ${piecesPerS} pieces a second each

${aboutSteady}
${alignedTable(costs)}

${alignedTable(times)}

${alignedTable(memory)}
`,
    targets: all.flatMap(targetsOf),
    bars: barsOf(all),
  };
}

const aboutSteady = `Messages are sent over HTTP, spread over some seconds; then, with all answers being written, it is measured; then the models end. A piece is a word of about 5 characters. Each model keeps to its schedule: what it could not give in time, because nobody asked for it, it gives as soon as it is asked. The server is a process of its own; who sends and reads is another, on the same machine.

- **Cores**: CPU time of the server's process, all threads, by the time that passed. The models are in it: their row says how much they are.
- **First piece**: from the sending of a message until its reader has the first piece of the answer, while the others' messages are sent as well. **Delay**: from a piece's leaving its model until its reader has it, over HTTP, durable by then. Both of up to 200 conversations that are followed. **Late**: from when a piece was due by the model's schedule until it was given; up to some ms are the models' own timer.
- **Event loop**: how late a timer of 1 ms fires on the server's main thread; that millisecond is part of it.
- **Heap**: heap and buffers in use after a full collection, before the first message and when the measuring ended. **A run**: the difference, for each; the answers' text is in it.
- **Exact**: runs that are \`done\`, and whose text, read back over HTTP, is what the model gave, to the character.
`;

function costRow({ label, load, figures, failure }: Measured): string[] {
  const start = [label, number(load.runs)];
  if (figures === undefined) return [...start, failure, '', '', '', '', '', '', ''];
  const wanted = load.runs * load.piecesPerS;
  const isAll = figures.givenPerS >= wanted * 0.99;
  return [
    ...start,
    `${number(figures.givenPerS)}${isAll ? '' : ` of ${number(wanted)} (**not all**)`}`,
    figures.cores.toFixed(2),
    cpuUs(figures).toFixed(1),
    load.log === 'nothing' ? '' : number(figures.appendsPerS),
    figures.loopDelayP99Ms.toFixed(1),
    figures.loopDelayMaxMs.toFixed(0),
    load.log === 'nothing' ? '' : `${number(figures.exact)} of ${number(load.runs)}`,
    `${figures.endedInS.toFixed(1)} s`,
  ];
}

const cpuUs = ({ cores, givenPerS }: LoadFigures): number => (cores * 1e6) / givenPerS;

function timeRow({ label, load, figures }: Measured): string[] {
  const start = [label, number(load.runs)];
  if (figures === undefined) return [...start, '', '', '', '', '', '', '', '', ''];
  const { firstMs, delayMs, lateMs } = figures;
  return [
    ...start,
    quantile(firstMs, 0.5).toFixed(1),
    quantile(firstMs, 0.99).toFixed(0),
    quantile(delayMs, 0.5).toFixed(1),
    quantile(delayMs, 0.99).toFixed(1),
    quantile(delayMs, 1).toFixed(0),
    quantile(lateMs, 0.5).toFixed(1),
    quantile(lateMs, 0.99).toFixed(1),
    number(figures.followed),
    figures.readersCores.toFixed(2),
  ];
}

function memoryRow({ label, load, figures }: Measured): string[] {
  const start = [label, number(load.runs)];
  if (figures === undefined) return [...start, '', '', '', '', '', ''];
  const { idle, after, answered, rssBytes, mostRssBytes } = figures;
  return [
    ...start,
    megabytes(idle.liveBytes),
    megabytes(after.liveBytes),
    `${((after.liveBytes - idle.liveBytes) / load.runs / 1e3).toFixed(1)} kB`,
    `${(answered / load.runs / 1e3).toFixed(1)} kB`,
    megabytes(Math.max(...rssBytes)),
    megabytes(mostRssBytes),
  ];
}

function targetsOf({ label, load, figures, failure }: Measured): Target[] {
  if (load.log === 'nothing') return [];
  const what = `${number(load.runs)} runs, ${label.replaceAll('*', '')}`;
  if (figures === undefined) return [{ what: `${what}: ${failure}`, holds: false }];
  const wanted = load.runs * load.piecesPerS;
  return [
    { what: `${what}: every text exact`, holds: figures.exact === load.runs },
    {
      what: `${what}: ${number(figures.givenPerS)} of ${number(wanted)} pieces/s`,
      holds: figures.givenPerS >= wanted * 0.99,
    },
  ];
}

function barsOf(all: readonly Measured[]): BarGroup {
  const bars = all.flatMap(({ label, load, figures }) => {
    if (figures === undefined) return [];
    const value = figures.cores;
    const isOurs = load.log === 'sqlite:';
    return [{ label: `${label.replaceAll('*', '')}, ${number(load.runs)}`, value, isOurs }];
  });
  return { title: `runs at once, ${piecesPerS} pieces a second each`, bars };
}
