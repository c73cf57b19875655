import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createDrain } from './drain.ts';

function createRig(seed = 1) {
  const clock = createFakeClock();
  const startMs = clock.now();
  const drain = createDrain({ clock, random: createSeededRandom(seed) });

  /** A stream that closes only when it is told to. */
  function join() {
    const endsMs: number[] = [];
    const leave = drain.join(() => endsMs.push(clock.now() - startMs));
    return { endsMs, leave };
  }

  /** Begins, and tells whether it is over. */
  function begin(overMs: number) {
    const state = { isOver: false };
    void drain.begin({ overMs }).then(() => {
      state.isOver = true;
    });
    return state;
  }

  return { clock, drain, join, begin };
}

describe('[SSE-DRAIN] createDrain', () => {
  it('leaves the streams alone until it begins', async () => {
    const { clock, drain, join } = createRig();
    const { endsMs } = join();
    await clock.advance(1_000_000);
    expect(drain.isDraining).toBe(false);
    expect(endsMs).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('ends each once, at a moment of its own within the time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 0, max: 60_000 }), async (seed, overMs) => {
        const { clock, join, begin } = createRig(seed);
        const streams = Array.from({ length: 50 }, join);
        const state = begin(overMs);
        expect(clock.pending).toBe(1);
        await clock.advance(overMs + 250);
        const moments = streams.map(({ endsMs }) => {
          expect(endsMs).toHaveLength(1);
          return endsMs[0] ?? Infinity;
        });
        expect(Math.max(...moments)).toBeLessThanOrEqual(overMs + 250);
        expect(Math.max(...moments) - Math.min(...moments)).toBeGreaterThanOrEqual(overMs / 2 - 250);
        expect(state.isOver).toBe(false);
        for (const { leave } of streams) leave();
        await clock.advance(0);
        expect(state.isOver).toBe(true);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('resolves only when the last has closed, which may be long after', async () => {
    const { clock, join, begin } = createRig();
    const [quick, slow] = [join(), join()];
    const state = begin(1_000);
    await clock.advance(1_250);
    quick.leave();
    await clock.advance(100_000);
    expect(state.isOver).toBe(false);
    slow.leave();
    slow.leave();
    await clock.advance(0);
    expect(state.isOver).toBe(true);
  });

  it('resolves at once where there is no stream', async () => {
    const { drain, join } = createRig();
    join().leave();
    await drain.begin({ overMs: 60_000 });
    expect(drain.isDraining).toBe(true);
  });

  it('ends a stream that comes later at once, and waits for it too', async () => {
    const { clock, join, begin } = createRig();
    const early = join();
    const state = begin(10_000);
    await clock.advance(500);
    const late = join();
    expect(late.endsMs).toEqual([500]);
    early.leave();
    await clock.advance(0);
    expect(state.isOver).toBe(false);
    late.leave();
    await clock.advance(0);
    expect(state.isOver).toBe(true);
  });

  it('may be begun twice, which is one drain', async () => {
    const { clock, join, begin } = createRig();
    const { endsMs, leave } = join();
    const states = [begin(1_000), begin(5_000)];
    await clock.advance(10_000);
    expect(endsMs).toHaveLength(1);
    leave();
    await clock.advance(0);
    expect(states).toEqual([{ isOver: true }, { isOver: true }]);
  });

  it('leaves no timer of those who went before their moment, nor ends them', async () => {
    const { clock, join, begin } = createRig();
    const streams = Array.from({ length: 10 }, join);
    const state = begin(60_000);
    for (const { leave } of streams) leave();
    await clock.advance(0);
    expect(state.isOver).toBe(true);
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(streams.flatMap(({ endsMs }) => endsMs)).toEqual([]);
  });
});
