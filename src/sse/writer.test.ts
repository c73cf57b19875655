import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createDrain } from './drain.ts';
import { bytesOf, createKeeper, headersOf, type Keeper, type WriterOptions } from './writer.ts';

interface Rig {
  readonly clock: FakeClock;
  readonly keeper: Keeper;
  /** What the keeper did, and when, in ms since the start. */
  readonly log: ReadonlyArray<readonly [atMs: number, what: string]>;
}

/** A keeper over a stream that takes everything. */
function createRig(options: WriterOptions = {}, clock = createFakeClock()): Rig {
  const log: Array<readonly [number, string]> = [];
  const startMs = clock.now();
  const note = (what: string) => log.push([clock.now() - startMs, what]);
  const keeper = createKeeper(
    {
      write(bytes) {
        note(new TextDecoder().decode(bytes).trim());
        keeper.wrote(true);
      },
      finish() {
        note('finish');
        keeper.finished();
      },
      cut() {
        note('cut');
        keeper.closed();
      },
    },
    { clock, random: createSeededRandom(1), ...options },
  );
  keeper.wrote(true); // The first bytes.
  keeper.start();
  return { clock, keeper, log };
}

describe('[SSE-HEARTBEAT] the heartbeat', () => {
  it('leaves no silence above heartbeatMs, and comes in none below a quarter of it, whatever is written when', async () => {
    const silence = fc.integer({ min: 0, max: 4_000 });
    const pattern = fc.array(silence, { maxLength: 20 });
    const heartbeat = fc.integer({ min: 250, max: 6_000 });
    const deadline = fc.integer({ min: 0, max: 40_000 });
    await fc.assert(
      fc.asyncProperty(pattern, heartbeat, deadline, async (silences, heartbeatMs, writeDeadlineMs) => {
        const { clock, keeper, log } = createRig({ heartbeatMs, writeDeadlineMs });
        const startMs = clock.now();
        const writtenMs = [0];
        for (const ms of silences) {
          await clock.advance(ms);
          keeper.wrote(true);
          writtenMs.push(clock.now() - startMs);
        }
        await clock.advance(20_000);
        const beatsMs = log.map(([atMs]) => atMs);
        const allMs = [...writtenMs, ...beatsMs, clock.now() - startMs].toSorted((a, b) => a - b);
        const silencesMs = allMs.slice(1).map((atMs, index) => atMs - (allMs[index] ?? 0));
        expect(Math.max(...silencesMs)).toBeLessThanOrEqual(heartbeatMs);
        expect(log.every(([, what]) => what === ': heartbeat')).toBe(true);
        // Once nothing is written any more: no more of them than it takes.
        const lastMs = writtenMs.at(-1) ?? 0;
        const atRest = beatsMs.filter((atMs) => atMs > lastMs + heartbeatMs).length;
        expect(atRest).toBeLessThanOrEqual(20_000 / Math.max(250, heartbeatMs / 4));
        keeper.closed();
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('is every 15 s by default, and none where heartbeatMs is 0', async () => {
    const usual = createRig();
    await usual.clock.advance(45_000);
    expect(usual.log.map(([atMs]) => atMs)).toEqual([15_000, 30_000, 45_000]);
    const none = createRig({ heartbeatMs: 0 });
    await none.clock.advance(100_000);
    expect(none.log).toEqual([]);
  });

  it('does not come while the reader takes nothing, and comes soon when it is back', async () => {
    const { clock, keeper, log } = createRig({ heartbeatMs: 1_000 });
    keeper.wrote(false);
    await clock.advance(20_000);
    expect(log).toEqual([]);
    keeper.drained();
    await clock.advance(500);
    expect(log.map(([, what]) => what)).toEqual([': heartbeat']);
  });
});

describe('[SSE-DEADLINE] the deadline', () => {
  it('cuts off who takes nothing for so long, never earlier, and not much later', async () => {
    const before = fc.integer({ min: 0, max: 20_000 });
    const deadline = fc.integer({ min: 0, max: 40_000 });
    const heartbeat = fc.constantFrom(0, 1_000, 15_000);
    await fc.assert(
      fc.asyncProperty(before, deadline, heartbeat, async (beforeMs, writeDeadlineMs, heartbeatMs) => {
        const { clock, keeper, log } = createRig({ writeDeadlineMs, heartbeatMs });
        await clock.advance(beforeMs);
        keeper.wrote(false);
        await clock.advance(100_000);
        const cutMs = (log.find(([, what]) => what === 'cut')?.[0] ?? Infinity) - beforeMs;
        expect(cutMs).toBeGreaterThanOrEqual(writeDeadlineMs);
        expect(cutMs).toBeLessThanOrEqual(writeDeadlineMs + Math.max(500, writeDeadlineMs / 2));
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('begins anew each time that the reader has taken what waits', async () => {
    const { clock, keeper, log } = createRig({ heartbeatMs: 0, writeDeadlineMs: 4_000 });
    for (let round = 0; round < 10; round += 1) {
      keeper.wrote(false);
      await clock.advance(3_900);
      keeper.drained();
    }
    expect(log).toEqual([]);
  });

  it('goes on for the last that was written, without a heartbeat or a second end', async () => {
    const { clock, keeper, log } = createRig({ heartbeatMs: 1_000, writeDeadlineMs: 4_000, maxAgeMs: 10_000 });
    keeper.finished();
    keeper.drained(); // What does not tell whether the end was taken, too.
    await clock.advance(100_000);
    expect(log.map(([, what]) => what)).toEqual(['cut']);
    expect(clock.pending).toBe(0);
  });
});

describe('[SSE-AGE] the age', () => {
  it('is 80 to 100 % of maxAgeMs, by chance, and ends with a retry', async () => {
    const maxAgeMs = 100_000;
    const ages: number[] = [];
    for (let seed = 1; seed <= 50; seed += 1) {
      const { clock, keeper, log } = createRig({ maxAgeMs, heartbeatMs: 0, random: createSeededRandom(seed) });
      await clock.advance(maxAgeMs + 250);
      expect(log.map(([, what]) => what)).toEqual([expect.stringMatching(/^retry: [0-9]+$/), 'finish']);
      ages.push(log[1]?.[0] ?? 0);
      keeper.closed();
      expect(clock.pending).toBe(0);
    }
    expect(Math.min(...ages)).toBeGreaterThanOrEqual(80_000);
    expect(Math.max(...ages)).toBeLessThanOrEqual(100_250);
    expect(Math.max(...ages) - Math.min(...ages)).toBeGreaterThan(15_000);
  });

  it('has no end by default', async () => {
    const { clock, log } = createRig({ heartbeatMs: 0, writeDeadlineMs: 3_600_000 });
    await clock.advance(24 * 3_600_000);
    expect(log).toEqual([]);
  });
});

describe('timers', () => {
  it('are one for all streams of a clock, and none for an event', async () => {
    const clock = createFakeClock();
    let asked = 0;
    const counting = {
      now: () => clock.now(),
      setTimer(ms: number, callback: () => void) {
        asked += 1;
        return clock.setTimer(ms, callback);
      },
    };
    const drain = createDrain({ clock: counting, random: createSeededRandom(1) });
    const options = { clock: counting, random: createSeededRandom(1), maxAgeMs: 1_000_000, drain };
    const nothing = { write: () => undefined, finish: () => undefined, cut: () => undefined };
    const keepers = Array.from({ length: 1_000 }, () => createKeeper(nothing, options));
    for (const keeper of keepers) keeper.start();
    expect(clock.pending).toBe(1);
    expect(asked).toBe(1);
    for (const keeper of keepers) {
      for (let event = 0; event < 100; event += 1) {
        keeper.wrote(event % 2 === 0);
        keeper.drained();
      }
    }
    expect(asked).toBe(1);
    await clock.advance(60_000);
    expect(asked).toBe(1 + 60_000 / 250);
    expect(clock.pending).toBe(1);
    for (const keeper of keepers) keeper.closed();
    expect(clock.pending).toBe(0);
    await drain.begin({ overMs: 1_000 });
  });
});

describe('[SSE-HEADERS] headersOf', () => {
  it('gives each name once, whatever its case, and the own in place of those that are given', () => {
    const headers = headersOf({ headers: { 'content-type': 'text/html', 'X-A': '1', 'x-a': '2' } });
    expect(headers).toEqual({
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
      'x-a': '2',
    });
  });
});

describe('bytesOf', () => {
  it('gives bytes as they are, uncopied', () => {
    const bytes = new TextEncoder().encode('data: a\n\n');
    expect(bytesOf(bytes)).toBe(bytes);
    expect(new TextDecoder().decode(bytesOf({ id: '7', data: 'é\n🐟' }))).toBe('id: 7\ndata: é\ndata: 🐟\n\n');
  });
});
