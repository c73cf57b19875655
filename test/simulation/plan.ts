// What a seed's world is made of, and what goes wrong in it. Each seed has some of the faults and
// seldom all, so that what one of them does is not hidden behind another.
import type { Chance } from './chance.ts';

export interface DiskFaults {
  readonly maxLatencyMs: number;
  /** Appends that take seconds, and now and then longer than a lease lasts. */
  readonly slow: number;
  /** Calls that are refused with `store-unavailable`. */
  readonly refused: number;
  /** What is done, and whose answer is lost. */
  readonly lostAnswer: number;
}

export interface NetworkFaults {
  readonly maxLatencyMs: number;
  readonly lostRequest: number;
  readonly lostAnswer: number;
  readonly duplicate: number;
  /** Of each chunk of a body: the connection breaks at some byte of it. */
  readonly cut: number;
  /** Of each chunk of an answer: nothing comes any more, and nobody is told. */
  readonly stall: number;
  /** A chunk comes in pieces. */
  readonly split: number;
}

/** Mean times between two of a kind, in ms; Infinity for none. */
interface Mishaps {
  readonly crashMs: number;
  readonly pauseMs: number;
  readonly deployMs: number;
  readonly outageMs: number;
  readonly offlineMs: number;
}

export interface Plan {
  /** One process that locks its store, as with SQLite, or two on one store, with leases by time. */
  readonly processes: 1 | 2;
  readonly people: number;
  readonly conversations: number;
  readonly sends: number;
  readonly chaosMs: number;
  readonly graceMs: number;
  /** Whether people delete conversations and take messages away. */
  readonly removes: boolean;
  readonly disk: DiskFaults;
  readonly network: NetworkFaults;
  readonly mishaps: Mishaps;
}

export function drawPlan(chance: Chance): Plan {
  const some = (probability: number, rate: number): number => (chance.happens(probability) ? rate : 0);
  const every = (probability: number, ms: number): number => (chance.happens(probability) ? ms : Infinity);
  return {
    processes: chance.happens(0.5) ? 2 : 1,
    people: chance.between(1, 3),
    conversations: chance.between(1, 2),
    sends: chance.between(3, 8),
    chaosMs: chance.pick([20_000, 40_000, 60_000]),
    graceMs: chance.pick([Infinity, Infinity, 3_000]),
    removes: chance.happens(0.3),
    disk: {
      maxLatencyMs: chance.pick([1, 10, 80]),
      slow: some(0.4, 0.04),
      refused: some(0.4, 0.05),
      lostAnswer: some(0.5, 0.05),
    },
    network: {
      maxLatencyMs: chance.pick([2, 40, 400]),
      lostRequest: some(0.4, 0.08),
      lostAnswer: some(0.5, 0.1),
      duplicate: some(0.5, 0.3),
      cut: some(0.5, 0.03),
      stall: some(0.3, 0.01),
      split: some(0.5, 0.3),
    },
    mishaps: {
      crashMs: every(0.6, 15_000),
      pauseMs: every(0.5, 12_000),
      deployMs: every(0.3, 20_000),
      outageMs: every(0.3, 20_000),
      offlineMs: every(0.4, 15_000),
    },
  };
}

export const noDiskFaults: DiskFaults = { maxLatencyMs: 3, slow: 0, refused: 0, lostAnswer: 0 };

export const noNetworkFaults: NetworkFaults = {
  maxLatencyMs: 5,
  lostRequest: 0,
  lostAnswer: 0,
  duplicate: 0,
  cut: 0,
  stall: 0,
  split: 0,
};
