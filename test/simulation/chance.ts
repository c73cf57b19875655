// Chance that a seed decides, in the words that the simulation needs.
import { createSeededRandom } from 'verbatim/testing';
import type { Random } from '../../src/core/random.ts';

export interface Chance extends Random {
  /** Whether something of this probability happens. */
  happens(probability: number): boolean;
  /** A whole number of at least `from` and at most `to`. */
  between(from: number, to: number): number;
  pick<T>(choices: readonly [T, ...T[]] | readonly T[]): T;
  /** Of its own: what draws from one does not change what another draws. */
  fork(): Chance;
}

export function createChance(seed: number): Chance {
  const random = createSeededRandom(seed);
  const between = (from: number, to: number): number => from + Math.floor(random.float() * (to - from + 1));
  return {
    ...random,
    happens: (probability) => random.float() < probability,
    between,
    pick<T>(choices: readonly T[]): T {
      return choices[between(0, choices.length - 1)] as T; // Nothing is picked from nothing here.
    },
    fork: () => createChance(between(1, 2 ** 31)),
  };
}
