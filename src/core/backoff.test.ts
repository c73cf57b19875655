import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { backoffMs } from './backoff.ts';
import type { Random } from './random.ts';

const options = { baseMs: 100, maxMs: 5_000 };
const always = (float: number): Random => ({ float: () => float, id: () => 'unused' });

it('doubles its bound at each attempt up to the maximum', () => {
  const half = [0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(attempt, always(0.5), options));
  expect(half).toEqual([50, 100, 200, 400, 800, 1_600, 2_500, 2_500]);
});

it('is whole, at least 0 and below the bound, for any attempt and chance', () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.nat(), fc.nat(1e6), fc.nat(1e6), (attempt, seed, baseMs, maxMs) => {
      const waitMs = backoffMs(attempt, createSeededRandom(seed), { baseMs, maxMs });
      expect(Number.isInteger(waitMs)).toBe(true);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(Math.max(0, maxMs - 1));
    }),
  );
});

it('may be nothing at all: the jitter is full', () => {
  expect(backoffMs(20, always(0), options)).toBe(0);
});
