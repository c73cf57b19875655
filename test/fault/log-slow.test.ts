// A commit that takes long. Another connection holds the store's write lock for as long as the test
// wants: to the driver that is a disk that does not answer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { isStreamError } from 'verbatim';
import { openLog, type AppendResult, type Log } from 'verbatim/log';

interface Stall {
  /** The disk answers again. */
  end(): void;
  /** How many commits wrote entries that are in no page yet. */
  readonly journalRows: number;
}

/** A store, and `stall`, from which on no commit comes through. */
async function open(): Promise<{ log: Log; stall(): Stall; journalRows(): number }> {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-slow-'));
  const path = join(folder, 'v.db');
  const log = await openLog(`sqlite:${path}`);
  const other = new DatabaseSync(path, { timeout: 5_000 });
  const journalRows = (): number => Number(other.prepare('SELECT count(*) AS count FROM journal').get()?.['count']);
  onTestFinished(async () => {
    if (other.isTransaction) other.exec('ROLLBACK');
    other.close();
    await log.close();
    rmSync(folder, { recursive: true });
  });
  return {
    log,
    journalRows,
    stall() {
      other.exec('BEGIN IMMEDIATE');
      return { end: () => other.exec('ROLLBACK'), journalRows: journalRows() };
    },
  };
}

/** Lets the event loop turn, with all that falls due meanwhile. */
async function turn(times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) await new Promise(setImmediate);
}

const one = (data: string) => [{ type: 't', data }];

/** What a follower is given, and a promise of when it stands at an offset. */
function watch(log: Log, stream: string) {
  const seen: string[] = [];
  let wake = Promise.withResolvers<void>();
  const controller = new AbortController();
  async function follow(): Promise<void> {
    for await (const entries of log.follow(stream, { after: 0, signal: controller.signal })) {
      seen.push(...entries.map(({ data }) => data));
      wake.resolve();
      wake = Promise.withResolvers();
    }
  }
  const ended = follow().then(
    () => undefined,
    (error: unknown) => error,
  );
  onTestFinished(() => controller.abort());
  return {
    seen,
    /** The error with which it ended. */
    ended,
    async reaches(count: number) {
      while (seen.length < count) await wake.promise;
    },
  };
}

it('[LOG-DURABLE] shows nothing of a commit that the disk has not answered, and all that is durable', async () => {
  const { log, stall } = await open();
  // What was followed from its beginning is in memory for who comes later.
  const early = watch(log, 's');
  await log.append('s', one('durable'));
  await early.reaches(1);
  const stalled = stall();
  const settled: string[] = [];
  const pending = ['a', 'b', 'c'].map(async (data) => {
    await log.append('s', one(data), { key: data, index: { owner: 'o', title: data } });
    settled.push(data);
  });
  const fresh = log.append('fresh', one('x'));
  const deletion = log.delete('never there');
  await turn(5_000); // And the event loop turns, whatever the disk does.
  const late = watch(log, 's');
  await late.reaches(1);
  await turn(100);
  expect({ settled, early: early.seen, late: late.seen }).toEqual({
    settled: [],
    early: ['durable'],
    late: ['durable'],
  });
  expect(await log.head('s')).toBe(1);
  const read = log.read('s', { after: 0 }); // The thread that reads is the one that waits for the disk.
  stalled.end();
  expect((await read)[0]).toMatchObject({ data: 'durable' });
  await Promise.all([...pending, fresh, deletion, early.reaches(4), late.reaches(4)]);
  expect(settled).toEqual(['a', 'b', 'c']);
  expect([early.seen, late.seen]).toEqual([
    ['durable', 'a', 'b', 'c'],
    ['durable', 'a', 'b', 'c'],
  ]);
  expect((await log.list('o')).rows).toMatchObject([{ stream: 's', title: 'c' }]);
});

it('[LOG-DURABLE] does not tell of a delete that the disk has not answered', async () => {
  const { log, stall } = await open();
  await log.append('s', one('durable'));
  const follower = watch(log, 's');
  await follower.reaches(1);
  const stalled = stall();
  const deletion = log.delete('s');
  await turn(100);
  expect(await log.head('s')).toBe(1);
  stalled.end();
  expect(await deletion).toBe(true);
  await expect(log.head('s')).rejects.toMatchObject({ code: 'stream-deleted' });
  expect(await follower.ended).toMatchObject({ code: 'stream-deleted' });
});

it('gathers what comes while the disk is slow, into one commit, and holds no more than callers wait for', async () => {
  const { log, stall, journalRows } = await open();
  await log.append('s0', one('first'));
  const stalled = stall();
  const callers = 200;
  const perCaller = 5;
  let called = 0;
  let isStalled = true;
  /** As a run of the engine: the next only when the one before is durable. */
  async function call(caller: number): Promise<AppendResult[]> {
    const results: AppendResult[] = [];
    for (let count = 0; count < perCaller; count += 1) {
      called += 1;
      results.push(await log.append(`s${caller % 10}`, one(`${caller}.${count}`)));
      if (isStalled) expect.fail('an append was acknowledged while the disk stood still');
    }
    return results;
  }
  const writing = Array.from({ length: callers }, async (_, caller) => {
    await turn(caller);
    return await call(caller);
  });
  await turn(2_000);
  expect(called).toBe(callers);
  isStalled = false;
  stalled.end();
  const results = (await Promise.all(writing)).flat();
  // The one that was under way, the rest of the first round, and a few for the rounds behind it.
  const commits = journalRows() - stalled.journalRows;
  expect(commits).toBeLessThanOrEqual(2 + 2 * (perCaller - 1));
  expect(results).toHaveLength(callers * perCaller);
  for (let stream = 0; stream < 10; stream += 1) {
    const entries = await log.read(`s${stream}`, { after: 0 });
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, index) => index + 1));
    expect(new Set(entries.map(({ data }) => data)).size).toBe((callers / 10) * perCaller + (stream === 0 ? 1 : 0));
  }
});

it('[LOG-ATOMIC] refuses what the disk does not answer for long, whole, and takes what comes later', async () => {
  const { log, stall } = await open();
  await log.append('s', one('durable'));
  const follower = watch(log, 's');
  const stalled = stall();
  const refused = await log.append('s', [...one('a'), ...one('b')], { key: 'k' }).catch((error: unknown) => error);
  expect(isStreamError(refused, 'store-unavailable'), String(refused)).toBe(true);
  expect(await log.head('s')).toBe(1);
  stalled.end();
  expect(await log.find('s', 'k')).toBeNull();
  expect(await log.append('s', one('later'), { key: 'k' })).toEqual({ first: 2, last: 2, replayed: false });
  await follower.reaches(2);
  expect(follower.seen).toEqual(['durable', 'later']);
});

it('[LOG-ATOMIC] refuses all that waits for a disk that does not answer, without a wait for each', async () => {
  const { log, stall } = await open();
  const appendAll = () => Array.from({ length: 64 }, (_, index) => log.append(`s${index}`, one('x')));
  await Promise.all(appendAll());
  const stalled = stall();
  const startMs = performance.now();
  const outcomes = await Promise.allSettled(appendAll());
  const seconds = (performance.now() - startMs) / 1_000;
  stalled.end();
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  // The driver waits 5 s for another connection, once; not again for each half of what waits.
  expect(seconds).toBeLessThan(20);
  for (const result of await Promise.all(appendAll())) expect(result).toMatchObject({ first: 2 });
});
