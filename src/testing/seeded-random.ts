// Chance that can be replayed: the same seed gives the same numbers and ids.
import { idFrom, type Random } from '../core/random.ts';

export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;

  /** mulberry32: 32 bits of state, enough for tests. */
  function next(): number {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  return {
    float: () => next() / 2 ** 32,
    id: (length = 20) => idFrom(() => next() >>> 7, length),
  };
}
