// Durable appends as 1,000 and 2,000 answers at once make them, beside other stores under the same load.
import { alignedTable } from '../support/report.ts';
import type { BarGroup } from '../support/chart.ts';
import type { AppendFigures, AppendTask, StoreName } from './append.ts';
import { runChild } from './child.ts';
import { maxInFlightS, maxTickS, warmUpS, type Load } from './load.ts';
import { startRedis, type Peer, type RedisProgram } from './peers.ts';
import { withFolder } from './place.ts';

interface Peers {
  readonly lmdb: Peer;
  readonly redis: RedisProgram;
}

export interface AppendOptions {
  readonly peers: Peers;
  /** The kind of log: `sqlite:` or `memory:`. */
  readonly log: string;
  /** What is measured of ours, each of three times; the peers half as long, for they are here for their ratio. */
  readonly seconds: number;
  readonly only: readonly string[] | undefined;
}

export interface Part {
  readonly text: string;
  readonly targets: readonly Target[];
  readonly bars?: BarGroup;
}

export interface Target {
  readonly what: string;
  readonly holds: boolean;
}

interface Contender {
  readonly store: StoreName;
  readonly label: string;
}

interface Measured extends Contender {
  /** One for each run; none where it could not be measured. */
  readonly runs: readonly AppendFigures[];
  readonly failure?: string;
}

const ours: Contender = { store: 'verbatim', label: '**verbatim: `append`**' };
const contenders: readonly Contender[] = [
  { store: 'file', label: 'bare file, fdatasync' },
  { store: 'sqlite', label: 'node:sqlite, a row an event, in the process' },
  ours,
  { store: 'sqlite-worker', label: 'the same on a worker thread' },
  { store: 'lmdb', label: 'lmdb, a put an event, flushed' },
  { store: 'redis', label: 'Redis XADD, appendfsync always' },
  { store: 'nothing', label: 'the load alone, nothing stored (the limit)' },
];
const maxRunMs = 75_000;

export async function measureAppends(load: Omit<Load, 'seconds'>, options: AppendOptions): Promise<Part> {
  const chosen = contenders.filter(({ store }) => options.only?.includes(store) ?? true);
  const order = options.only === undefined ? [ours, ...chosen, ours] : chosen;
  const all = new Map<StoreName, Measured>();
  for (const contender of order) {
    process.stderr.write(`${load.appendsPerS.toLocaleString('en')} appends/s: ${contender.label}\n`);
    const seconds = contender === ours ? options.seconds : Math.max(1, options.seconds / 2);
    const before = all.get(contender.store);
    all.set(contender.store, await measureOne(contender, { ...load, seconds }, { options, before }));
  }
  return partOf(load, [...all.values()]);
}

async function measureOne(
  contender: Contender,
  load: Load,
  { options, before }: { options: AppendOptions; before: Measured | undefined },
): Promise<Measured> {
  const runs = before?.runs ?? [];
  const missing = missingFor(contender.store, options.peers);
  if (missing !== undefined) return { ...contender, runs, failure: missing };
  try {
    return { ...contender, runs: [...runs, await runOnce(contender.store, load, options)] };
  } catch (error) {
    return { ...contender, runs, failure: `failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function missingFor(store: StoreName, { lmdb, redis }: Peers): string | undefined {
  if (store === 'lmdb' && lmdb.version === undefined) return `not measured: ${lmdb.missing}`;
  if (store === 'redis' && redis.version === undefined) return `not measured: ${redis.missing}`;
  return undefined;
}

async function runOnce(store: StoreName, load: Load, { log, peers }: AppendOptions): Promise<AppendFigures> {
  return await withFolder(async (folder) => {
    const task: AppendTask = { store, log, folder, load };
    if (store !== 'redis') return await runChild<AppendFigures>('append.ts', task, { maxMs: maxRunMs });
    const server = await startRedis(peers.redis, folder);
    try {
      const env = { BENCH_REDIS_SOCKET: server.socketPath };
      return await runChild<AppendFigures>('append.ts', task, { maxMs: maxRunMs, env });
    } finally {
      await server.close();
    }
  });
}

function partOf(load: Omit<Load, 'seconds'>, all: readonly Measured[]): Part {
  const ourCpuUs = medianOf(all.find(({ store }) => store === 'verbatim')?.runs ?? [], 'cpuUs');
  const rows = all.map((measured) => rowOf(measured, load, ourCpuUs));
  const head = ['', 'reached/s', 'p50 ms', 'p99 ms', 'CPU µs/append', '× ours', 'event loop p99 ms', 'most memory'];
  const perS = load.appendsPerS.toLocaleString('en');
  const text = `### ${load.streams.toLocaleString('en')} streams, ${perS} appends/s

${alignedTable([head, ...rows])}
`;
  const bars = all.flatMap(({ label, store, runs }) =>
    runs.length === 0
      ? []
      : [{ label: label.replaceAll(/[*`]/g, ''), value: medianOf(runs, 'cpuUs'), isOurs: store === 'verbatim' }],
  );
  return { text, targets: targetsOf(load, all), bars: { title: `${perS} appends/s`, bars } };
}

function rowOf({ label, runs, failure, store }: Measured, load: Omit<Load, 'seconds'>, ourCpuUs: number): string[] {
  if (runs.length === 0) return [label, failure ?? '', '', '', '', '', '', ''];
  const reached = medianOf(runs, 'reachedPerS');
  const ratio = medianOf(runs, 'cpuUs') / ourCpuUs;
  return [
    failure === undefined ? label : `${label} (one run ${failure})`,
    `${Math.round(reached).toLocaleString('en')}${reached < load.appendsPerS * 0.99 ? ' (**not all**)' : ''}`,
    spreadOf(runs, 'p50Ms', 1),
    spreadOf(runs, 'p99Ms', 1),
    spreadOf(runs, 'cpuUs', 2),
    store === 'verbatim' || Number.isNaN(ratio) ? '' : ratio.toFixed(2),
    spreadOf(runs, 'loopDelayP99Ms', 1),
    `${(Math.max(...runs.map(({ rssBytes }) => rssBytes)) / 1e6).toFixed(0)} MB`,
  ];
}

function targetsOf({ appendsPerS }: Omit<Load, 'seconds'>, all: readonly Measured[]): Target[] {
  const { runs = [], failure } = all.find(({ store }) => store === 'verbatim') ?? {};
  if (runs.length === 0) return failure === undefined ? [] : [{ what: `verbatim: ${failure}`, holds: false }];
  const perS = appendsPerS.toLocaleString('en');
  const of = (key: keyof AppendFigures): number => medianOf(runs, key);
  const targets: Target[] = [
    {
      what: `${perS} appends/s: reached ${Math.round(of('reachedPerS')).toLocaleString('en')}/s`,
      holds: of('reachedPerS') >= appendsPerS * 0.99,
    },
  ];
  if (appendsPerS < 100_000) return targets;
  return [
    ...targets,
    { what: `${perS} appends/s: ${of('cpuUs').toFixed(2)} µs CPU an append, target 6`, holds: of('cpuUs') <= 6 },
    { what: `${perS} appends/s: p99 ${of('p99Ms').toFixed(1)} ms, target below 25`, holds: of('p99Ms') < 25 },
    {
      what: `${perS} appends/s: event loop p99 ${of('loopDelayP99Ms').toFixed(1)} ms, target below 5`,
      holds: of('loopDelayP99Ms') < 5,
    },
  ];
}

function medianOf(runs: readonly AppendFigures[], key: keyof AppendFigures): number {
  const sorted = runs.map((run) => run[key]).toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}

/** The median, and where there are several runs the least and the most. */
function spreadOf(runs: readonly AppendFigures[], key: keyof AppendFigures, digits: number): string {
  const median = medianOf(runs, key).toFixed(digits);
  if (runs.length === 1) return median;
  const values = runs.map((run) => run[key]);
  return `${median} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}

export const aboutAppends = `Entries with data of about 110 bytes, as an answer's deltas have it, from all streams by turns: every 5 ms what is due is appended, whether or not what came before is durable, for ${warmUpS} s that are not counted and then for the time that is. A pause is made up for by ${maxTickS * 1_000} ms' worth a tick, and at most ${maxInFlightS * 1_000} ms' worth of appends is in the works: a store that cannot keep up is measured at that. Each store is in a process of its own. Ours is measured three times, before, amid and after the others: median (least–most).

- **Latency**: from the tick in which an append is made until it is known to be durable.
- **CPU**: of all threads, making the entries and measuring included, and of the Redis server. Ours has an \`append\` and a promise an entry, and 20 of its streams are followed, every entry checked. The others are spared that: they are given all of a tick's appends as one group, and what comes while a group is being flushed makes up the next.
- **Event loop**: how late a timer of 1 ms fires on the main thread; that millisecond is part of it.
- Each store's entries are counted in the end, ours after it was opened anew.
`;
