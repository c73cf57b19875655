import { expect, it } from 'vitest';
import { createFollowers, type Followers } from './follow.ts';
import type { Entry } from './log.ts';

/** A stream that is read by hand: each read waits until it is answered. */
function createBench() {
  const stored: Entry[] = [];
  const reads: number[] = [];
  let failure: Error | undefined;
  /** Reads wait for it. */
  let gate: Promise<void> | undefined;
  const followers = createFollowers(async (_stream, after) => {
    reads.push(after);
    const failed = failure;
    failure = undefined;
    await gate;
    if (failed !== undefined) throw failed;
    return stored.filter(({ offset }) => offset > after);
  });

  return {
    followers,
    reads,
    add(count = 1) {
      for (let n = 0; n < count; n += 1) {
        const offset = stored.length + 1;
        stored.push({ type: 't', data: `${offset}`, from: offset, offset, atMs: 0 });
      }
    },
    commit(count = 1) {
      this.add(count);
      followers.announce('s', stored.length);
    },
    failNext(error: Error) {
      failure = error;
    },
    holdReads() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}

function reader(followers: Followers, after = 0, signal?: AbortSignal) {
  const options = signal === undefined ? { after } : { after, signal };
  return followers.follow('s', options)[Symbol.asyncIterator]();
}

function offsets(result: IteratorResult<readonly Entry[]>): number[] | 'ended' {
  return result.done === true ? 'ended' : result.value.map(({ offset }) => offset);
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

it('reads nothing before it is asked, and nothing where nothing was announced', async () => {
  const { followers, reads } = createBench();
  const idle = reader(followers);
  expect(followers.has('s')).toBe(false);
  const steps = reader(followers);
  const first = steps.next();
  await settle();
  expect(reads).toEqual([0]);
  followers.announce('other', 5);
  followers.announce('s', 0);
  await settle();
  expect(reads).toEqual([0]);
  expect(await idle.return?.()).toEqual({ done: true, value: undefined });
  followers.close();
  expect(offsets(await first)).toBe('ended');
});

it('[LOG-FOLLOW] misses no commit that comes while it reads', async () => {
  const bench = createBench();
  const open = bench.holdReads();
  const steps = reader(bench.followers);
  const first = steps.next();
  await settle();
  bench.commit(2);
  open();
  expect(offsets(await first)).toEqual([1, 2]);
  const next = steps.next();
  await settle();
  bench.commit();
  expect(offsets(await next)).toEqual([3]);
});

it('[LOG-FOLLOW] looks again where a commit was announced that its read did not see yet', async () => {
  const bench = createBench();
  const steps = reader(bench.followers);
  const first = steps.next();
  await settle();
  // Announced, but not there: as by a store whose reads lag behind.
  bench.followers.announce('s', 1);
  await settle();
  bench.commit();
  expect(offsets(await first)).toEqual([1]);
});

it('[LOG-FOLLOW] wakes each of 10,000 readers once a commit, and reads once for all', async () => {
  const bench = createBench();
  const readers = Array.from({ length: 10_000 }, () => reader(bench.followers));
  for (let round = 1; round <= 3; round += 1) {
    const steps = readers.map((one) => one.next());
    await settle();
    bench.commit();
    const results = await Promise.all(steps);
    const [first] = results;
    expect(results.every(({ value }) => value === first?.value)).toBe(true);
    expect(first?.value).toHaveLength(1);
  }
  // One at the start, one for each commit.
  expect(bench.reads).toEqual([0, 0, 1, 2]);
});

it('[LOG-SHARED] reads once for all that ask at one offset between two commits', async () => {
  const bench = createBench();
  bench.add(3);
  const [one, other] = [reader(bench.followers, 1), reader(bench.followers, 1)];
  const first = await one.next();
  const second = await other.next();
  expect(first.value).toBe(second.value);
  expect(bench.reads).toEqual([1]);
  bench.commit();
  const third = reader(bench.followers, 1);
  expect(offsets(await third.next())).toEqual([2, 3, 4]);
  expect(bench.reads).toEqual([1, 1]);
});

it('[LOG-SHARED] keeps the steps of 16 offsets, and lets the oldest go', async () => {
  const bench = createBench();
  bench.add(40);
  for (let after = 0; after < 17; after += 1) await reader(bench.followers, after).next();
  expect(bench.reads).toHaveLength(17);
  await reader(bench.followers, 1).next();
  expect(bench.reads).toHaveLength(17);
  await reader(bench.followers, 0).next();
  expect(bench.reads).toHaveLength(18);
});

it('keeps nothing of a stream when its last follower has left', async () => {
  const bench = createBench();
  bench.add(1);
  const [one, other] = [reader(bench.followers), reader(bench.followers)];
  await one.next();
  await other.next();
  await one.return?.();
  expect(bench.followers.has('s')).toBe(true);
  await other.return?.();
  expect(bench.followers.has('s')).toBe(false);
  // What was shared is gone with it.
  await reader(bench.followers).next();
  expect(bench.reads).toEqual([0, 0]);
});

it('[LOG-FOLLOW-END] ends with the error of its read, which who comes next tries anew', async () => {
  const bench = createBench();
  bench.add(1);
  bench.failNext(new Error('The disk was not there.'));
  const [one, other] = [reader(bench.followers), reader(bench.followers)];
  // Both asked for the same step.
  const results = await Promise.allSettled([one.next(), other.next()]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(offsets(await one.next())).toBe('ended');
  expect(bench.followers.has('s')).toBe(false);
  expect(offsets(await reader(bench.followers).next())).toEqual([1]);
});

it('forgets a failed read also for followers that are there', async () => {
  const bench = createBench();
  bench.add(1);
  const standing = reader(bench.followers, 1);
  const waits = standing.next();
  await settle();
  bench.failNext(new Error('The disk was not there.'));
  await expect(reader(bench.followers).next()).rejects.toThrow('The disk was not there.');
  expect(offsets(await reader(bench.followers).next())).toEqual([1]);
  bench.commit();
  expect(offsets(await waits)).toEqual([2]);
});

it('[LOG-FOLLOW-END] ends without an error where it is closed in a read that fails for it', async () => {
  const bench = createBench();
  const open = bench.holdReads();
  bench.failNext(new Error('The store was closed.'));
  const first = reader(bench.followers).next();
  await settle();
  bench.followers.close();
  open();
  expect(offsets(await first)).toBe('ended');
  expect(bench.followers.has('s')).toBe(false);
  expect(offsets(await reader(bench.followers).next())).toBe('ended');
});

it('[LOG-FOLLOW-END] gives nothing more after an abort, and leaves no listener behind', async () => {
  const bench = createBench();
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  bench.add(1);
  const left = reader(bench.followers, 0, signal);
  await left.next();
  expect(listeners).toBe(1);
  await left.return?.();
  expect(listeners).toBe(0);

  const waits = reader(bench.followers, 1, signal).next();
  await settle();
  const open = bench.holdReads();
  const reads = reader(bench.followers, 0, signal).next();
  await settle();
  controller.abort();
  expect(offsets(await waits)).toBe('ended');
  open();
  expect(offsets(await reads)).toBe('ended');
  expect(listeners).toBe(0);
  expect(bench.followers.has('s')).toBe(false);
});

it('[LOG-FOLLOW-END] is freed by return() while it waits', async () => {
  const bench = createBench();
  const steps = reader(bench.followers);
  const waits = steps.next();
  await settle();
  expect(await steps.return?.()).toEqual({ done: true, value: undefined });
  expect(offsets(await waits)).toBe('ended');
  expect(bench.followers.has('s')).toBe(false);
});

it('[LOG-DELETE] makes readers at the end look again where the stream is gone', async () => {
  const bench = createBench();
  bench.add(1);
  const steps = reader(bench.followers, 1);
  const waits = steps.next();
  await settle();
  bench.failNext(new Error('It was deleted.'));
  bench.followers.announce('s', Infinity);
  await expect(waits).rejects.toThrow('It was deleted.');
});

it('gives what was announced with its entries without reading it, also to who comes a little later', async () => {
  const { followers, reads } = createBench();
  const early = reader(followers);
  const first = early.next();
  await settle();
  expect(reads).toEqual([0]);
  followers.announce('s', 2, entriesOf(1, 2));
  expect(offsets(await first)).toEqual([1, 2]);
  followers.announce('s', 3, entriesOf(3));
  expect(offsets(await early.next())).toEqual([3]);
  expect(offsets(await reader(followers, 1).next())).toEqual([2, 3]);
  expect(reads).toEqual([0]);
});

it('keeps no more of what was announced than is little, and none behind a gap or a change', async () => {
  const { followers, reads } = createBench();
  const early = reader(followers, 10);
  const waiting = early.next();
  await settle();
  const large = { ...entriesOf(11)[0], data: 'x'.repeat(1024 * 1024) } as Entry; // There is one.
  for (const announce of [
    () => followers.announce('s', 11, [large]),
    () => {
      followers.announce('s', 12, entriesOf(12));
      followers.announce('s', 20);
    },
    () => {
      followers.announce('s', 21, entriesOf(21));
      followers.announce('s', 30, entriesOf(30));
    },
  ]) {
    reads.length = 0;
    announce();
    await settle();
    void reader(followers, 10).next();
    await settle();
    expect(reads).toContain(10);
  }
  followers.close();
  await waiting;
});

function entriesOf(...places: number[]): Entry[] {
  return places.map((offset) => ({ type: 't', data: `${offset}`, from: offset, offset, atMs: 0 }));
}
