// What readers cost in memory, 3 in 10 of whom stall: beside the log, a queue for each reader.
import { alignedTable } from '../support/report.ts';
import type { Part, Target } from './append-part.ts';
import { runChild } from './child.ts';
import { withFolder } from './place.ts';
import type { ReadersFigures, ReadersTask } from './readers.ts';

type Cell = Pick<ReadersTask, 'kind' | 'readers' | 'megabytes' | 'places'>;

interface Measured extends Cell {
  readonly figures: ReadersFigures | undefined;
  readonly failure: string;
}

const few = 1_000;
const many = 10_000;
const [little, much] = [5, 50];
const cells: readonly Cell[] = [
  { kind: 'log', readers: few, megabytes: little, places: 1 },
  { kind: 'log', readers: few, megabytes: much, places: 1 },
  { kind: 'log', readers: many, megabytes: little, places: 1 },
  { kind: 'log', readers: many, megabytes: much, places: 1 },
  { kind: 'log', readers: many, megabytes: 20, places: 20 },
  { kind: 'queues', readers: few, megabytes: little, places: 1 },
  { kind: 'queues', readers: few, megabytes: 2 * little, places: 1 },
  { kind: 'queues', readers: 2 * few, megabytes: little, places: 1 },
];
const maxCellMs = 90_000;
/** Of heap, for each reader, while 50 MB are published. */
const maxGrowthBytes = 2_048;

export async function measureReaders(log: string): Promise<Part> {
  const all: Measured[] = [];
  for (const cell of cells) {
    process.stderr.write(`${labelOf(cell)}: ${cell.readers} readers, ${cell.megabytes} MB\n`);
    all.push(await measureCell(cell, log));
  }
  return { text: textOf(all), targets: targetsOf(all) };
}

async function measureCell(cell: Cell, log: string): Promise<Measured> {
  try {
    const figures = await withFolder(async (folder) => {
      const task: ReadersTask = { ...cell, log, folder };
      return await runChild<ReadersFigures>('readers.ts', task, { maxMs: maxCellMs });
    });
    return { ...cell, figures, failure: '' };
  } catch (error) {
    return { ...cell, figures: undefined, failure: error instanceof Error ? error.message : String(error) };
  }
}

function labelOf({ kind, places }: Cell): string {
  if (kind === 'queues') return 'a queue a reader';
  return places === 1 ? '**verbatim: `follow`**' : `**verbatim**, stalled at ${places} places`;
}

function textOf(all: readonly Measured[]): string {
  const head = [
    '',
    'readers',
    'published',
    'heap a reader',
    'heap grew by',
    'a reader',
    'after catching up',
    'resident set grew by',
    'most resident',
    'exact',
    'published in',
    'caught up in',
  ];
  return `## Readers that stall

Readers of one stream in one process, 3 in 10 of whom stall: they take the first entry, as all do, and then nothing until everything is published, or stop at several places on the way. The others take every step. Then those that stalled catch up. “Exact” is who was given every entry once and in order, by a hash of the text. Memory is what is in use after a full collection, the reader's side of each included; the log's own thread is in the resident set only. The queues are measured at less, for they would take gigabytes.

- **Heap a reader**: from before the first reader until all have joined.
- **Heap grew by**: from then until all is published, while the stalled were stalled; and that for a reader. **After catching up**: the same, once all have everything.

${alignedTable([head, ...all.map(rowOf)])}
`;
}

function rowOf(measured: Measured): string[] {
  const { figures, readers, megabytes, failure } = measured;
  const start = [labelOf(measured), readers.toLocaleString('en'), `${megabytes} MB`];
  if (figures === undefined) return [...start, failure, '', '', '', '', '', '', '', ''];
  const { empty, joined, published, caughtUp } = figures;
  return [
    ...start,
    `${((joined.liveBytes - empty.liveBytes) / readers / 1e3).toFixed(2)} kB`,
    megabytesOf(published.liveBytes - joined.liveBytes),
    `${(growthOf(measured) / 1e3).toFixed(2)} kB`,
    megabytesOf(caughtUp.liveBytes - joined.liveBytes),
    megabytesOf(published.rssBytes - joined.rssBytes),
    megabytesOf(figures.mostRssBytes),
    `${figures.exact.toLocaleString('en')} of ${readers.toLocaleString('en')}`,
    `${figures.publishedInS.toFixed(1)} s`,
    `${figures.caughtUpInS.toFixed(1)} s`,
  ];
}

function megabytesOf(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** By how much the heap grew for a reader while the stalled were stalled. */
function growthOf({ figures, readers }: Measured): number {
  if (figures === undefined) return NaN;
  return (figures.published.liveBytes - figures.joined.liveBytes) / readers;
}

function targetsOf(all: readonly Measured[]): Target[] {
  const ours = all.filter(({ kind }) => kind === 'log');
  const largest = ours.find(({ readers, megabytes }) => readers === many && megabytes === much);
  const joinedOf = (readers: number): number => {
    const { figures } = ours.find((cell) => cell.readers === readers && cell.places === 1) ?? {};
    return figures === undefined ? NaN : (figures.joined.liveBytes - figures.empty.liveBytes) / readers;
  };
  const ratio = joinedOf(many) / joinedOf(few);
  const growth = largest === undefined ? NaN : growthOf(largest);
  const exact = ours.every(({ figures, readers }) => figures?.exact === readers);
  return [
    { what: 'readers: every one of every run was given the text exactly', holds: exact },
    {
      what: `readers: heap grew by ${(growth / 1e3).toFixed(2)} kB a reader while ${much} MB were published to ${many.toLocaleString('en')}, target ${maxGrowthBytes / 1_024} KiB`,
      holds: growth <= maxGrowthBytes,
    },
    {
      what: `readers: the heap of one of ${many.toLocaleString('en')} is ${ratio.toFixed(2)} × that of one of ${few.toLocaleString('en')}, target 1.25`,
      holds: ratio <= 1.25,
    },
  ];
}
