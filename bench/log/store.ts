// What a store is to the load: it takes appends by their number, and says when they are durable.
import { phrases } from './deltas.ts';

/** The load's appends go through all streams by turns: the nth is the entry at `offsetOf(n)` of `streamOf(n)`. */
interface Plan {
  readonly streams: number;
  /** The kind of log that is measured as ours: `sqlite:` or `memory:`. */
  readonly log: string;
  /** Folder of the store's files, empty. */
  readonly folder: string;
  /** Appends there will be at most. */
  readonly maxAppends: number;
}

export interface Store {
  /** Takes the next `count` appends, those from number `from` on. */
  append(from: number, count: number): void;
  /** What the store holds in the end, counted by reading it back. Nothing is in the works by then. */
  countStored(): Promise<number>;
  /** CPU time of other processes that work for the store, in microseconds. */
  cpuUsElsewhere?(): Promise<number>;
  /** Resident memory of such processes, in bytes. */
  rssElsewhere?(): Promise<number>;
  close(): Promise<void>;
}

/** How a store says that appends are durable. */
export interface Progress {
  /** Append number `n` is. */
  settle(n: number): void;
  /** All those from `from` up to, not including, `to` are. */
  settleRange(from: number, to: number): void;
  fail(error: unknown): void;
}

export type OpenStore = (plan: Plan, progress: Progress) => Promise<Store>;

export const streamOf = (n: number, streams: number): number => n % streams;
export const offsetOf = (n: number, streams: number): number => Math.floor(n / streams) + 1;

export function dataAt(n: number, streams: number): string {
  return phrases.dataOf(streamOf(n, streams), offsetOf(n, streams) - 1);
}

/**
 * For stores that commit a group at a time: what comes while one is being written makes up the next.
 * `commit` writes the appends from `from` up to `to`, and resolves when they are durable.
 */
export function groupCommits(
  { settleRange, fail }: Progress,
  commit: (from: number, to: number) => Promise<void>,
): (from: number, count: number) => void {
  let written = 0;
  let taken = 0;
  let isWriting = false;

  async function write(): Promise<void> {
    isWriting = true;
    while (written < taken) {
      const [from, to] = [written, taken];
      await commit(from, to);
      settleRange(from, to);
      written = to;
    }
    isWriting = false;
  }

  return (from, count) => {
    taken = from + count;
    if (!isWriting) write().catch(fail);
  };
}
