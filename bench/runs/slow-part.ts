// Models that are faster than the store: they are held up, and memory stays what it is.
import { alignedTable } from '../support/report.ts';
import { megabytes, number, type Cell, type Measured, type Part, type Target } from './part.ts';

const slowMs = 500;
/** Of text that may wait for the store, in `engine/answer-writer.ts`. */
const maxWaitingLength = 64 * 1_024;

export function slowCells({
  runs,
  seconds,
  rampS,
}: {
  runs: readonly number[];
  seconds: number;
  rampS: number;
}): Cell[] {
  const most = Math.max(...runs);
  const few = Math.ceil(most / 5);
  return [
    {
      label: `an append takes ${slowMs} ms`,
      load: { log: 'sqlite:', runs: most, piecesPerS: 20, wordsAtOnce: 1, seconds, rampS, appendMs: slowMs },
    },
    {
      label: 'no append returns, 1 kB a piece',
      load: { log: 'sqlite:', runs: few, piecesPerS: 50, wordsAtOnce: 190, seconds, rampS, appendMs: null },
    },
  ];
}

export function slowPart(all: readonly Measured[]): Part {
  const head = [
    '',
    'runs',
    'pieces/s wanted',
    'reached/s',
    'in the second half',
    'cores',
    'resident, first third',
    'last third',
    'heap before',
    'heap after',
    'answers hold',
    'exact',
    'then all ended in',
  ];
  return {
    text: `## A slow store

Models that say more than the store takes. What they say gathers in fewer and larger appends, and beyond ${number(maxWaitingLength)} characters of one answer its model is not read. An append is held up before it reaches the store, while it is measured; then no longer, and the answers end. The answers themselves, whole, are part of the memory. Where the machine's CPU is what holds the models up, that is as much as is reached.

${alignedTable([head, ...all.map(rowOf)])}
`,
    targets: all.flatMap(targetsOf),
  };
}

function rowOf({ label, load, figures, failure }: Measured): string[] {
  const start = [label, number(load.runs), number(load.runs * load.piecesPerS)];
  if (figures === undefined) return [...start, failure, '', '', '', '', '', '', '', '', ''];
  const [early, late] = thirdsOf(figures.rssBytes);
  return [
    ...start,
    number(figures.givenPerS),
    number(figures.givenPerSLater),
    figures.cores.toFixed(2),
    megabytes(early),
    megabytes(late),
    megabytes(figures.before.liveBytes),
    megabytes(figures.after.liveBytes),
    megabytes(figures.answered),
    `${number(figures.exact)} of ${number(load.runs)}`,
    `${figures.endedInS.toFixed(1)} s`,
  ];
}

/** The most of the first third, and of the last. */
function thirdsOf(values: readonly number[]): [number, number] {
  const third = Math.ceil(values.length / 3);
  return [Math.max(...values.slice(0, third)), Math.max(...values.slice(-third))];
}

function targetsOf({ label, load, figures, failure }: Measured): Target[] {
  if (figures === undefined) return [{ what: `${label}: ${failure}`, holds: false }];
  const { before, after, answered, idle } = figures;
  // What waits is bounded twice: by what gathers, and by what is in an append; and the answers are whole in memory.
  const bound = load.runs * 2 * maxWaitingLength + 2 * answered + (before.liveBytes - idle.liveBytes) * 2;
  return [
    { what: `${label}: every text exact`, holds: figures.exact === load.runs },
    {
      what: `${label}: heap grew by ${megabytes(after.liveBytes - idle.liveBytes)}, bound ${megabytes(bound)}`,
      holds: after.liveBytes - idle.liveBytes <= bound,
    },
  ];
}
