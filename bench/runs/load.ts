// Very many runs at once against a server of their own: messages are sent over some seconds, then all
// answers are being written, then they end, and each text is compared. Some conversations are followed.
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { endChild, messageFrom, startChild } from '../log/child.ts';
import { withFolder } from '../log/place.ts';
import { serverFlags } from '../support/server-flags.ts';
import { machineMs, type Sample } from './model.ts';
import { createPieces, type Pieces } from './pieces.ts';
import { createApi, forEach, type Api } from './requests.ts';
import type { Ask, Memory, RunsEnded, ServerTask, WindowFigures } from './server.ts';

export interface Load {
  readonly log: ServerTask['log'];
  readonly runs: number;
  /** Of one answer. */
  readonly piecesPerS: number;
  readonly wordsAtOnce: number;
  /** Over so long the messages are sent. */
  readonly rampS: number;
  /** Measured for so long. */
  readonly seconds: number;
  /** How long each append waits, from the first message until the measuring ends; null: as long as it is measured. */
  readonly appendMs: number | null;
}

export interface LoadFigures extends WindowFigures {
  /** Before the first message, and when the measuring began and ended: after a full collection. */
  readonly idle: Memory;
  readonly before: Memory;
  readonly after: Memory;
  readonly mostRssBytes: number;
  /** What all answers held when the measuring ended, in characters. */
  readonly answered: number;
  /** From a message's sending until its reader had the first piece; of those that are followed. */
  readonly firstMs: readonly number[];
  /** From when a piece was due until the model gave it, and from then until its reader had it. */
  readonly lateMs: readonly number[];
  readonly delayMs: readonly number[];
  /** CPU time of this process, which sends and reads. */
  readonly readersCores: number;
  readonly followed: number;
  readonly endedInS: number;
  /** Runs that are `done`, whose text is what the model gave, to the character. */
  readonly exact: number;
}

const maxFollowed = 200;
const settleMs = 3_000;
const maxMs = 180_000;

export async function measureLoad(load: Load): Promise<LoadFigures> {
  return await withFolder(async (folder) => {
    const sampledEvery = Math.ceil(load.runs / maxFollowed);
    const task: ServerTask = { ...load, folder, sampledEvery };
    const child = startChild('../runs/server.ts', task, { flags: serverFlags });
    try {
      const port = await messageFrom<number>(child, maxMs);
      const crowd = load.log === 'nothing' ? createNobody(child, load) : await createCrowd(port, load, sampledEvery);
      try {
        return await run({ child, crowd, load });
      } finally {
        crowd.close();
      }
    } finally {
      await endChild(child);
    }
  });
}

async function ask<T>(child: ChildProcess, what: Ask): Promise<T> {
  child.send(what);
  return await messageFrom<T>(child, maxMs);
}

async function run({ child, crowd, load }: { child: ChildProcess; crowd: Crowd; load: Load }): Promise<LoadFigures> {
  const idle = await ask<Memory>(child, 'memory');
  if (load.appendMs !== null) await ask(child, { appendMs: load.appendMs });
  await crowd.start();
  await sleep(settleMs);
  const before = await ask<Memory>(child, 'memory');
  if (load.appendMs === null) await ask(child, { appendMs: null });
  await ask(child, 'begin-window');
  const fromMs = machineMs();
  const cpuBefore = process.cpuUsage();
  await sleep(load.seconds * 1_000);
  const { user, system } = process.cpuUsage(cpuBefore);
  const toMs = machineMs();
  const window = await ask<WindowFigures>(child, 'end-window');
  const after = await ask<Memory>(child, 'memory');
  const endingAtMs = machineMs();
  await ask(child, { appendMs: 0 });
  const ended = await ask<RunsEnded>(child, 'end-runs');
  const endedInS = (machineMs() - endingAtMs) / 1_000;
  const exact = await crowd.countExact(ended.givenBy);
  if (ended.outcomes['done'] !== load.runs) process.stderr.write(`Outcomes: ${JSON.stringify(ended.outcomes)}\n`);
  const { lengthOf } = createPieces(load.wordsAtOnce);
  return {
    ...window,
    ...crowd.timesOf(ended.samples, { fromMs, toMs }),
    idle,
    before,
    after,
    mostRssBytes: ended.mostRssBytes,
    answered: ended.givenBy.reduce((sum, pieces) => sum + lengthOf(pieces), 0),
    readersCores: (user + system) / 1_000 / (toMs - fromMs),
    endedInS,
    exact,
  };
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

type Times = Pick<LoadFigures, 'firstMs' | 'lateMs' | 'delayMs' | 'followed'>;

/** Those who send and read. */
interface Crowd {
  /** Resolves when all runs have begun. */
  start(): Promise<void>;
  countExact(givenBy: readonly number[]): Promise<number>;
  timesOf(samples: readonly Sample[], span: Span): Times;
  close(): void;
}

/** Begins the nth of `count` when its time has come. */
async function ramp({ runs, rampS }: Load, begin: (n: number) => Promise<void>): Promise<void> {
  const startedAtMs = machineMs();
  const begun: Array<Promise<void>> = [];
  while (begun.length < runs) {
    const due = Math.min(runs, Math.ceil(((machineMs() - startedAtMs) / 1_000 / rampS) * runs));
    while (begun.length < due) {
      const beginning = begin(begun.length);
      beginning.catch(() => undefined); // Thrown below.
      begun.push(beginning);
    }
    await sleep(5);
  }
  await Promise.all(begun);
}

function createNobody(child: ChildProcess, load: Load): Crowd {
  return {
    async start() {
      let answered = Promise.resolve();
      await ramp(load, async () => {
        // One after the other: an answer does not say to what.
        answered = answered.then(async () => await ask<undefined>(child, 'begin-run'));
        await answered;
      });
    },
    countExact: async () => load.runs,
    timesOf: (samples, span) => ({ firstMs: [], delayMs: [], lateMs: lateness(samples, span), followed: 0 }),
    close: () => undefined,
  };
}

/** What a reader of one conversation was sent. */
interface Follower {
  sentAtMs: number;
  /** How long the answer was after each event, and when that was there. */
  readonly lengths: number[];
  readonly atMs: number[];
}

async function createCrowd(port: number, load: Load, followedEvery: number): Promise<Crowd> {
  const api = createApi(port);
  const pieces = createPieces(load.wordsAtOnce);
  const ids: string[] = [];
  const followers = new Map<number, Follower>();
  await forEach(load.runs, 32, async (n) => {
    const { id, offset } = await api.call('POST', '/api/conversations', {});
    ids[n] = id;
    if (n % followedEvery === 0) followers.set(n, await follow(api, { id, offset }));
  });

  return {
    async start() {
      await ramp(load, async (n) => {
        const follower = followers.get(n);
        if (follower !== undefined) follower.sentAtMs = machineMs();
        await api.call('POST', `/api/conversations/${ids[n]}/messages`, { text: String(n) });
      });
    },
    async countExact(givenBy) {
      let exact = 0;
      await forEach(load.runs, 8, async (n) => {
        const { messages, runs } = await api.call('GET', `/api/conversations/${ids[n]}`);
        const text = messages.at(-1).parts[0]?.text ?? '';
        if (runs[0].status === 'done' && text === pieces.textOf(givenBy[n] ?? 0)) exact += 1;
      });
      return exact;
    },
    timesOf(samples, span) {
      const firstMs = [...followers.values()].map(({ sentAtMs, atMs }) => (atMs[0] ?? NaN) - sentAtMs);
      const delayMs = samples.flatMap((sample) =>
        delays(sample, { span, pieces, follower: followers.get(sample.run) }),
      );
      return { firstMs, delayMs, lateMs: lateness(samples, span), followed: followers.size };
    },
    close: () => api.close(),
  };
}

async function follow(api: Api, { id, offset }: { id: string; offset: number }): Promise<Follower> {
  const follower: Follower = { sentAtMs: NaN, lengths: [], atMs: [] };
  await api.follow(`/api/conversations/${id}/events?after=${offset}`, ({ event, data }) => {
    if (event !== 'part' && event !== 'delta') return;
    const { at = 0, text, value } = JSON.parse(data) as { at?: number; text: string; value?: { text: string } }; // As the API gives them.
    follower.lengths.push(at + (value?.text ?? text).length);
    follower.atMs.push(machineMs());
  });
  return follower;
}

function lateness(samples: readonly Sample[], { fromMs, toMs }: Span): number[] {
  return samples.flatMap(({ dueMs, givenMs }) =>
    givenMs.flatMap((atMs, n) => (atMs >= fromMs && atMs < toMs ? [atMs - (dueMs[n] ?? NaN)] : [])),
  );
}

/** From each piece's leaving the model until the reader had it. */
function delays(
  { givenMs }: Sample,
  { span, pieces, follower }: { span: Span; pieces: Pieces; follower: Follower | undefined },
): number[] {
  const found: number[] = [];
  let next = 0;
  for (const [n, atMs] of givenMs.entries()) {
    const end = pieces.lengthOf(n + 1);
    while (follower !== undefined && (follower.lengths[next] ?? Infinity) < end) next += 1;
    if (atMs >= span.fromMs && atMs < span.toMs) found.push((follower?.atMs[next] ?? NaN) - atMs);
  }
  return found;
}
