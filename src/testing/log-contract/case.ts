// How a case of the contract is written, and what its checks are made of.
import { assert } from '../../core/assert.ts';
import type { Clock } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/error-codes.ts';
import { isStreamError, messageOf } from '../../core/errors.ts';
import { isRecord } from '../../core/json.ts';
import type { Random } from '../../core/random.ts';
import type { Lease } from '../../log/lease.ts';
import type { Entry, Log, NewEntry } from '../../log/log.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { createSeededRandom } from '../seeded-random.ts';

/** Opens a new, empty store of the driver under test. */
export type OpenEmptyLog = (deps: { clock: Clock; random: Random }) => Promise<Log>;

export interface ContractCase {
  readonly name: string;
  /** Rejects where the driver does not do what the name says. */
  readonly run: (open: OpenEmptyLog) => Promise<void>;
}

/** What a case works with. */
export interface Bench {
  readonly log: Log;
  readonly clock: FakeClock;
}

export function contractCase(name: string, test: (bench: Bench) => Promise<void>): ContractCase {
  return {
    name,
    async run(open) {
      const clock = createFakeClock();
      const log = await open({ clock, random: createSeededRandom(1) });
      // Not `await using`, which Node 22 does not know and this is run by.
      try {
        await test({ log, clock });
      } finally {
        await log.close();
      }
    },
  };
}

/** Runs the test with the seeds 1 to `count`, one after the other. A failure names its seed. */
export async function eachSeed(count: number, test: (random: Random, seed: number) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= count; seed += 1) {
    try {
      await test(createSeededRandom(seed), seed);
    } catch (error) {
      throw new Error(`With the seed ${seed}: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** An integer of at least `from` and less than `to`. */
export function between(random: Random, { from, to }: { from: number; to: number }): number {
  return from + Math.floor(random.float() * (to - from));
}

/** Lets what else is under way go on for a few turns, by chance. */
export async function pause(random: Random): Promise<void> {
  for (let turn = between(random, { from: 0, to: 5 }); turn > 0; turn -= 1) await Promise.resolve();
}

export function entries(...data: string[]): NewEntry[] {
  return data.map((text) => ({ type: 't', data: text }));
}

/** An entry as `trim` takes it. */
export function folded({ from, offset, data }: { from: number; offset: number; data: string }): Entry {
  return { type: 't', data, from, offset, atMs: 1 };
}

/** `2:b` for an entry of its own, `2-4:bcd` for one that stands for several. */
export function summary(read: readonly Entry[]): string[] {
  return read.map(({ from, offset, data }) => `${from === offset ? '' : `${from}-`}${offset}:${data}`);
}

export async function readAll(log: Log, stream: string): Promise<string[]> {
  return summary(await log.read(stream, { after: 0 }));
}

/** What a follower sees up to the offset `until`, or to its end. Without a gap or a repeat. */
export async function collect(
  log: Log,
  stream: string,
  options: { after: number; until: number; signal?: AbortSignal },
): Promise<string[]> {
  const { after, until, signal } = options;
  const seen: string[] = [];
  let last = after;
  for await (const step of log.follow(stream, signal === undefined ? { after } : { after, signal })) {
    for (const { from, offset } of step) {
      assert(from === last + 1, `what follows ${last} begins with ${last + 1}, but ${from} came`);
      last = offset;
    }
    seen.push(...summary(step));
    if (last >= until) break;
  }
  return seen;
}

/** A follower that is asked by hand. */
export function follower(log: Log, stream: string, after: number): AsyncIterator<readonly Entry[]> {
  return log.follow(stream, { after })[Symbol.asyncIterator]();
}

/** The follower's next step. */
export async function nextStep(steps: AsyncIterator<readonly Entry[]>): Promise<readonly Entry[]> {
  const next = await steps.next();
  assert(next.done !== true, 'a follower goes on until it is ended');
  return next.value;
}

/** The owner's streams of all pages, in order. */
export async function listAll(
  log: Log,
  options: { limit: number; search?: string },
  onPage?: (page: number) => Promise<void>,
): Promise<string[]> {
  const streams: string[] = [];
  let pageToken: string | undefined;
  for (let page = 1; page < 100; page += 1) {
    const { rows, next } = await log.list('o', { ...options, pageToken });
    streams.push(...rows.map(({ stream }) => stream));
    assert(rows.length <= options.limit, 'a page has at most as many rows as were asked for');
    assert(page === 1 || rows.length > 0, 'where there is a next page, it has rows');
    if (next === null) return streams;
    equal(rows.length, options.limit);
    pageToken = next;
    await onPage?.(page);
  }
  throw new Error('Expected the pages to end.');
}

/** Takes a lease that is free. */
export async function acquired(log: Log, name: string, ttlMs = 1_000): Promise<Lease> {
  const lease = await log.leases.acquire(name, { ttlMs });
  assert(lease !== null, `lease ${name} is free, so it is given`);
  return lease;
}

export function equal(actual: unknown, expected: unknown): void {
  const [got, wanted] = [sortedJson(actual), sortedJson(expected)];
  assert(got === wanted, `expected ${shorten(wanted)}, got ${shorten(got)}`);
}

export async function refuses(code: ErrorCode, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    assert(isStreamError(error, code), `expected the error ${code}, got ${String(error)}`);
    return;
  }
  assert(false, `expected the error ${code}, but the call succeeded`);
}

/** JSON whose objects have their keys in order. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function shorten(text: string): string {
  return text.length <= 2_000 ? text : `${text.slice(0, 2_000)}…`;
}
