// Any driver beside the one in memory, which is the model: the same operations, drawn by lot, must
// give the same results and the same errors.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isStreamError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { createFakeClock, type FakeClock } from '../testing/fake-clock.ts';
import type { OpenEmptyLog } from '../testing/log-contract.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import type { Lease } from './lease.ts';
import type { AppendOptions, Entry, Log, NewEntry } from './log.ts';
import { openLog } from './open.ts';

/** One operation on a log, with what it remembers of that log between operations. */
interface Operation {
  readonly name: string;
  readonly run: (log: Log, memory: Memory) => Promise<unknown>;
}

/** What each log gave that is handed back to it later: its own, for it need not be the other's. */
interface Memory {
  readonly leases: Map<string, Lease>;
  pageToken: string | undefined;
}

const streams = ['a', 'b', 'c', 'd'];
const owners = ['o', 'p'];
const keys = ['k1', 'k2', 'k3'];
const leaseNames = ['l1', 'l2'];
const texts = [
  '',
  'Roses need sun',
  'roses',
  'Über MÜNCHEN',
  '我喜欢吃苹果',
  'either or neither',
  "it's 3.14 foo_bar",
  'C++ (x-y)',
];
const queries = [
  '',
  'ros',
  'roses need',
  'need roses',
  'munchen',
  '苹果',
  'or',
  'OR "',
  "it's",
  '3.14 foo',
  'NEAR(x y)',
  '*',
  'zzz',
];
const sizes = [0, 1, 5, 5, 5, 40, 3_000, 70_000, 300_000];

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-model-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('memory', () => {
  compare((deps) => openLog('memory:', deps), { seeds: 60, operations: 150 });
});

describe('sqlite', () => {
  compare((deps) => openLog(`sqlite:${join(folder, `${(files += 1)}.db`)}`, deps), { seeds: 12, operations: 150 });
});

function compare(open: OpenEmptyLog, { seeds, operations }: { seeds: number; operations: number }): void {
  it(
    '[LOG-ORDER] [LOG-TRIM] [LOG-LIST] [LOG-SEARCH] [LOG-DELETE] does what the model does',
    { timeout: 60_000 },
    async () => {
      for (let seed = 1; seed <= seeds; seed += 1) await compareOnce(open, seed, operations);
    },
  );
}

async function compareOnce(open: OpenEmptyLog, seed: number, operations: number): Promise<void> {
  const random = createSeededRandom(seed);
  const clock = createFakeClock();
  await using model = await openLog('memory:', { clock, random: createSeededRandom(0) });
  await using log = await open({ clock, random: createSeededRandom(0) });
  const [modelMemory, memory] = [newMemory(), newMemory()];
  const done: string[] = [];
  for (let count = 0; count < operations; count += 1) {
    const operation = await draw(random, model, clock);
    done.push(operation.name);
    const expected = await outcome(operation, model, modelMemory);
    const actual = await outcome(operation, log, memory);
    expect(actual, `seed ${seed}, the last of: ${done.slice(-12).join('; ')}`).toEqual(expected);
  }
}

function newMemory(): Memory {
  return { leases: new Map(), pageToken: undefined };
}

async function outcome({ run }: Operation, log: Log, memory: Memory): Promise<unknown> {
  try {
    return { result: await run(log, memory) };
  } catch (error) {
    if (!isStreamError(error)) throw error;
    return { code: error.code, details: error.details };
  }
}

/** The next operation. It may look at the model to be of use more often. */
async function draw(random: Random, model: Log, clock: FakeClock): Promise<Operation> {
  const stream = pick(random, streams);
  const dice = random.float();
  if (dice < 0.35) return drawAppend(random, stream, await headOf(model, stream));
  if (dice < 0.45) return await drawTrim(random, stream, await entriesOf(model, stream));
  if (dice < 0.6) return drawRead(random, stream, await headOf(model, stream));
  if (dice < 0.75) return drawList(random);
  if (dice < 0.9) return drawLease(random, clock);
  if (dice < 0.91) return { name: `delete ${stream}`, run: (log) => log.delete(stream) };
  if (dice < 0.95) return drawUntrimmed(random, clock);
  const key = pick(random, keys);
  if (dice < 0.97) return { name: `find ${stream} ${key}`, run: (log) => log.find(stream, key) };
  return { name: `head ${stream}`, run: (log) => log.head(stream) };
}

function drawAppend(random: Random, stream: string, head: number): Operation {
  const count = pick(random, [1, 1, 1, 2, 3, 20]);
  const added: NewEntry[] = Array.from({ length: count }, () => ({
    type: pick(random, ['t', 'u']),
    data: pick(random, ['x', 'é', '"\n']).repeat(count > 3 ? 5 : pick(random, sizes)),
  }));
  const lease = random.float() < 0.3 ? pick(random, leaseNames) : undefined;
  const options: AppendOptions = {
    key: random.float() < 0.3 ? pick(random, keys) : undefined,
    expectedOffset: random.float() < 0.3 ? head - between(random, 0, 2) : undefined,
    index: random.float() < 0.4 ? drawIndex(random) : undefined,
  };
  return {
    name: `append ${stream} ${count} ${lease ?? ''} ${JSON.stringify(options)}`,
    run: (log, { leases }) =>
      log.append(
        stream,
        added,
        lease === undefined ? options : { ...options, lease: leases.get(lease) ?? { name: lease, epoch: 1 } },
      ),
  };
}

function drawIndex(random: Random): AppendOptions['index'] {
  const text = random.float() < 0.5 ? pick(random, texts) : undefined;
  return { owner: pick(random, owners), title: pick(random, texts), text };
}

/** Mostly a range that is there, in one piece or two; sometimes one that is not. */
async function drawTrim(random: Random, stream: string, stored: readonly Entry[]): Promise<Operation> {
  const start = between(random, 0, stored.length);
  const end = random.float() < 0.3 ? stored.length : between(random, start, stored.length);
  const range = stored.slice(start, Math.max(end, start + 1));
  const from = (range[0]?.from ?? 1) + (random.float() < 0.1 ? 1 : 0);
  const offset = (range.at(-1)?.offset ?? 1) + (random.float() < 0.1 ? 1 : 0);
  const border = between(random, from, offset);
  const all = [{ from, offset: border }, ...(border < offset ? [{ from: border + 1, offset }] : [])];
  const replacement = all.map((place) => ({ type: 'w', data: `${place.from}-${place.offset}`, atMs: 7, ...place }));
  return { name: `trim ${stream} ${JSON.stringify(all)}`, run: (log) => log.trim(stream, replacement) };
}

function drawRead(random: Random, stream: string, head: number): Operation {
  const after = random.float() < 0.3 ? 0 : between(random, 0, head + 2);
  const limit = random.float() < 0.5 ? undefined : between(random, 1, 8);
  return {
    name: `read ${stream} ${after} ${limit}`,
    run: (log) => log.read(stream, limit === undefined ? { after } : { after, limit }),
  };
}

function drawList(random: Random): Operation {
  const owner = pick(random, owners);
  const limit = pick(random, [undefined, 1, 2]);
  const search = random.float() < 0.5 ? undefined : pick(random, queries);
  const goesOn = random.float() < 0.6;
  return {
    name: `list ${owner} ${limit} ${search} ${goesOn ? 'on' : ''}`,
    async run(log, memory) {
      const { rows, next } = await log.list(owner, { limit, search, pageToken: goesOn ? memory.pageToken : undefined });
      memory.pageToken = next ?? undefined;
      return { rows, hasNext: next !== null };
    },
  };
}

function drawLease(random: Random, clock: FakeClock): Operation {
  const name = pick(random, leaseNames);
  const ttlMs = pick(random, [0, 50, 500]);
  const dice = random.float();
  if (dice < 0.35) {
    return {
      name: `acquire ${name} ${ttlMs}`,
      run: async (log, memory) => keep(memory, await log.leases.acquire(name, { ttlMs })),
    };
  }
  if (dice < 0.5) {
    return {
      name: `renew ${name} ${ttlMs}`,
      run: async (log, memory) =>
        keep(memory, await log.leases.renew(memory.leases.get(name) ?? { name, epoch: 1, expiresAtMs: 0 }, { ttlMs })),
    };
  }
  if (dice < 0.6) {
    return {
      name: `release ${name}`,
      run: (log, { leases }) => log.leases.release(leases.get(name) ?? { name, epoch: 1, expiresAtMs: 0 }),
    };
  }
  if (dice < 0.7) return { name: 'expired', run: async (log) => (await log.leases.expired()).toSorted() };
  return drawTime(random, clock);
}

/** Both logs share the clock: only the first of the two runs moves it. */
function drawTime(random: Random, clock: FakeClock): Operation {
  const ms = pick(random, [0, 1, 100, 20_000]);
  const jumpsBack = random.float() < 0.1;
  let isDone = false;
  return {
    name: `time ${jumpsBack ? -ms : ms}`,
    async run() {
      if (isDone) return;
      isDone = true;
      if (jumpsBack) clock.jump(clock.now() - ms);
      else await clock.advance(ms);
    },
  };
}

function keep({ leases }: Memory, lease: Lease | null): Lease | null {
  if (lease !== null) leases.set(lease.name, lease);
  return lease;
}

function drawUntrimmed(random: Random, clock: FakeClock): Operation {
  const options = { quietSinceMs: clock.now() - pick(random, [-1, 0, 50, 1_000]), limit: pick(random, [1, 2, 100]) };
  return { name: `untrimmed ${JSON.stringify(options)}`, run: (log) => log.untrimmed(options) };
}

async function headOf(model: Log, stream: string): Promise<number> {
  return await model.head(stream).catch(() => 0);
}

async function entriesOf(model: Log, stream: string): Promise<readonly Entry[]> {
  return await model.read(stream, { after: 0 }).catch(() => []);
}

function pick<T>(random: Random, choices: readonly T[]): T {
  const index = between(random, 0, choices.length - 1);
  return choices[index] as T; // The index is within it.
}

/** An integer of at least `from` and at most `to`. */
function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random.float() * (Math.max(to, from) - from + 1));
}
