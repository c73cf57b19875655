// What every driver of the Log port must do, as cases that any test runner can run:
// `for (const { name, run } of logContract) it(name, () => run(open))`.
import { assert } from '../core/assert.ts';
import type { Clock } from '../core/clock.ts';
import type { ErrorCode } from '../core/error-codes.ts';
import { isStreamError } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import type { Random } from '../core/random.ts';
import type { Entry, Log, NewEntry } from '../log/log.ts';
import { createFakeClock } from './fake-clock.ts';
import { createSeededRandom } from './seeded-random.ts';

/** Opens a new, empty store of the driver under test. */
export type OpenEmptyLog = (deps: { clock: Clock; random: Random }) => Promise<Log>;

export interface ContractCase {
  readonly name: string;
  readonly run: (open: OpenEmptyLog) => Promise<void>;
}

export const logContract: readonly ContractCase[] = [
  contractCase('gives contiguous offsets, from 1, to entries in the order of appending', async ({ log }) => {
    equal(await log.head('s'), 0);
    equal(await log.append('s', entries('a', 'b')), { first: 1, last: 2, replayed: false });
    equal(await log.append('s', entries('c')), { first: 3, last: 3, replayed: false });
    equal(await log.append('other', entries('x')), { first: 1, last: 1, replayed: false });
    equal(summary(await log.read('s', { after: 0 })), ['1:a', '2:b', '3:c']);
    equal(await log.head('s'), 3);
  }),
  contractCase('reads after an offset, at most as many as asked for', async ({ log }) => {
    await log.append('s', entries('a', 'b', 'c', 'd'));
    equal(summary(await log.read('s', { after: 1, limit: 2 })), ['2:b', '3:c']);
    equal(summary(await log.read('s', { after: 4 })), []);
    equal(summary(await log.read('s', { after: 9 })), []);
    equal(summary(await log.read('missing', { after: 0 })), []);
  }),
  contractCase('keeps type, data and the time of the commit', async ({ log, clock }) => {
    const data = '{"text":"line\\nbreak \\ud83d 🧑‍🚀 \\u0000 ünï"}';
    await log.append('s', [{ type: 'delta', data }]);
    equal(await log.read('s', { after: 0 }), [{ offset: 1, type: 'delta', data, atMs: clock.now() }]);
  }),
  contractCase('refuses a wrong expected offset and writes nothing', async ({ log }) => {
    await log.append('s', entries('a'), { expectedOffset: 0 });
    await refuses('offset-conflict', log.append('s', entries('b', 'c'), { expectedOffset: 0, key: 'k' }));
    equal(await log.head('s'), 1);
    equal(await log.append('s', entries('b', 'c'), { expectedOffset: 1, key: 'k' }), {
      first: 2,
      last: 3,
      replayed: false,
    });
  }),
  contractCase('answers a key that it has seen with the first result, in each stream by itself', async ({ log }) => {
    const first = await log.append('s', entries('a', 'b'), { key: 'k' });
    await log.append('s', entries('c'));
    equal(await log.append('s', entries('other', 'text', 'here'), { key: 'k', expectedOffset: 99 }), {
      ...first,
      replayed: true,
    });
    equal(await log.append('t', entries('a'), { key: 'k' }), { first: 1, last: 1, replayed: false });
    equal(await log.find('s', 'k'), { ...first, replayed: true });
    equal(await log.find('s', 'other'), null);
    equal(await log.find('missing', 'k'), null);
    equal(await log.head('s'), 3);
  }),
  contractCase('writes once where the same key is appended many times at once', async ({ log }) => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => log.append('s', entries(`${n}`), { key: 'k' })),
    );
    equal(results.filter(({ replayed }) => !replayed).length, 1);
    equal(await log.head('s'), 1);
  }),
  contractCase('lets only the newest epoch of a lease append', async ({ log, clock }) => {
    const old = await log.leases.acquire('l', { ttlMs: 1_000 });
    assert(old !== null, 'a free lease is given');
    await log.append('s', entries('a'), { lease: old });
    equal(await log.leases.acquire('l', { ttlMs: 1_000 }), null);
    await clock.advance(1_000);
    const next = await log.leases.acquire('l', { ttlMs: 1_000 });
    assert(next !== null && next.epoch > old.epoch, 'a lease whose time is over is given with a higher epoch');
    await refuses('lease-lost', log.append('s', entries('zombie'), { lease: old }));
    await log.append('s', entries('b'), { lease: next });
    equal(await log.leases.renew(old, { ttlMs: 1_000 }), null);
    equal(summary(await log.read('s', { after: 0 })), ['1:a', '2:b']);
  }),
  contractCase('refuses an append under a lease that was released, or never given', async ({ log }) => {
    const lease = await log.leases.acquire('l', { ttlMs: 1_000 });
    assert(lease !== null, 'a free lease is given');
    await log.leases.release(lease);
    await refuses('lease-lost', log.append('s', entries('a'), { lease }));
    await refuses('lease-lost', log.append('s', entries('a'), { lease: { name: 'none', epoch: 1 } }));
    equal(await log.head('s'), 0);
  }),
  contractCase('names leases that ran out, and none that were renewed or released', async ({ log, clock }) => {
    const [cut, renewed, released, given] = await Promise.all(
      ['cut', 'renewed', 'released', 'given'].map((name) => log.leases.acquire(name, { ttlMs: 1_000 })),
    );
    assert(cut != null && renewed != null && released != null && given != null, 'free leases are given');
    await clock.advance(900);
    await log.leases.renew(renewed, { ttlMs: 1_000 });
    await log.leases.release(released);
    await log.leases.renew(given, { ttlMs: 0 });
    equal(await log.leases.expired(), ['given']);
    await clock.advance(100);
    equal([...(await log.leases.expired())].toSorted(), ['cut', 'given']);
  }),
  contractCase('follows: what is stored, then what is appended, without a gap or a repeat', async ({ log }) => {
    await log.append('s', entries('a', 'b'));
    const seen = collect(log, 's', { after: 1, until: 5 });
    await log.append('s', entries('c'));
    await log.append('s', entries('d', 'e'));
    equal(await seen, ['2:b', '3:c', '4:d', '5:e']);
  }),
  contractCase('ends a follower when its signal aborts, and every follower when the log closes', async ({ log }) => {
    const controller = new AbortController();
    const aborted = collect(log, 's', { after: 0, until: 9, signal: controller.signal });
    const closed = collect(log, 's', { after: 0, until: 9 });
    await log.append('s', entries('a'));
    controller.abort();
    equal(await aborted, ['1:a']);
    await log.close();
    equal(await closed, ['1:a']);
  }),
  contractCase('shows every follower the one order, whoever writes at the same time', async ({ log, random }) => {
    const streams = ['s1', 's2', 's3'];
    const total = 60;
    const followers = streams.flatMap((stream) => [0, 7].map((after) => collect(log, stream, { after, until: total })));
    const writers = streams.flatMap((stream) =>
      Array.from({ length: 6 }, async (_, writer) => {
        for (let n = 0; n < 10; n += 1) {
          await log.append(stream, entries(`${writer}.${n}`));
          for (let turn = Math.floor(random.float() * 4); turn > 0; turn -= 1) await Promise.resolve();
        }
      }),
    );
    await Promise.all(writers);
    for (const [index, stream] of streams.entries()) {
      const stored = summary(await log.read(stream, { after: 0 }));
      equal(stored.length, total);
      equal(new Set(stored.map((line) => line.replace(/^[0-9]+:/, ''))).size, total);
      equal(await followers[index * 2], stored);
      equal(await followers[index * 2 + 1], stored.slice(7));
    }
  }),
  contractCase("lists an owner's streams, newest first, with what the last append says", async ({ log, clock }) => {
    const createdAtMs = clock.now();
    await log.append('s1', entries('a'), { index: { owner: 'o', title: 'one' } });
    await log.append('s2', entries('a'), { index: { owner: 'o', title: 'two' } });
    await log.append('s3', entries('a'), { index: { owner: 'somebody else', title: 'three' } });
    await log.append('unlisted', entries('a'));
    await clock.advance(5);
    await log.append('s1', entries('b'), { index: { owner: 'o', title: 'renamed' } });
    await log.append('s1', entries('c'));
    equal(await log.list('o'), [
      { stream: 's2', title: 'two', createdAtMs, updatedAtMs: createdAtMs },
      { stream: 's1', title: 'renamed', createdAtMs, updatedAtMs: createdAtMs + 5 },
    ]);
    equal((await log.list('o', { limit: 1 })).length, 1);
  }),
  contractCase('closes twice without harm, and refuses work after that', async ({ log }) => {
    await log.close();
    await log.close();
    await refuses('store-unavailable', log.append('s', entries('a')));
    await refuses('store-unavailable', log.read('s', { after: 0 }));
  }),
];

interface Bench {
  readonly log: Log;
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly random: Random;
}

function contractCase(name: string, test: (bench: Bench) => Promise<void>): ContractCase {
  return {
    name,
    async run(open) {
      const clock = createFakeClock();
      const random = createSeededRandom(1);
      await using log = await open({ clock, random });
      await test({ log, clock, random });
    },
  };
}

function entries(...data: string[]): NewEntry[] {
  return data.map((text) => ({ type: 't', data: text }));
}

function summary(read: readonly Entry[]): string[] {
  return read.map(({ offset, data }) => `${offset}:${data}`);
}

/** What a follower sees up to the offset `until`, or to its end. */
async function collect(
  log: Log,
  stream: string,
  options: { after: number; until: number; signal?: AbortSignal },
): Promise<string[]> {
  const { after, until, signal } = options;
  const seen: string[] = [];
  for await (const batch of log.follow(stream, signal === undefined ? { after } : { after, signal })) {
    seen.push(...summary(batch));
    if ((batch.at(-1)?.offset ?? 0) >= until) break;
  }
  return seen;
}

function equal(actual: unknown, expected: unknown): void {
  const [got, wanted] = [sortedJson(actual), sortedJson(expected)];
  assert(got === wanted, `expected ${wanted}, got ${got}`);
}

/** JSON whose objects have their keys in order. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

async function refuses(code: ErrorCode, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    assert(isStreamError(error, code), `expected the error ${code}, got ${String(error)}`);
    return;
  }
  assert(false, `expected the error ${code}, but the call succeeded`);
}
