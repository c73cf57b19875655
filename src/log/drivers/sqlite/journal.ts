// The journal in memory, as the worker knows it: which entries are in no page yet, and how they get there.
// A round takes all streams that have some, a few with each commit, so that no commit waits long for
// it; when all are in pages, the rows go.
import { openBlock, type Group } from './block.ts';
import { pagesOfGroups, type Page } from './pages.ts';

interface Row {
  readonly id: number;
  readonly sizeBytes: number;
}

/** What a transaction does for the folding beside its own. */
export interface FoldStep {
  readonly pages: readonly Page[];
  /** Rows up to this go; 0 for none. */
  readonly dropThrough: number;
  /** Whether there is more to do. */
  readonly hasMore: boolean;
  /** It is durable. */
  done(): void;
}

export interface Journal {
  /** The row is durable. Streams of which pages hold entries up to an offset are given with that. */
  add(id: number, block: Uint8Array, folded?: (stream: number) => number): void;
  /** The stream's entries that are in no page, in order. */
  groups(stream: number): readonly Group[];
  /** The stream's groups are in pages now, or gone. */
  forget(stream: number): void;
  /** Streams with entries in no page, and when the last of them was written. */
  streams(): ReadonlyArray<{ readonly stream: number; readonly atMs: number }>;
  /**
   * Makes the next step, where the journal is long enough or `always`; with at least `minLength` code
   * units of data where there are so many.
   */
  prepare(options: { minLength: number; always: boolean }): void;
  /** The step that is prepared. */
  step(): FoldStep | undefined;
}

/** One way through the journal: all streams that have entries in it. */
interface Round {
  readonly through: number;
  readonly streams: readonly number[];
  next: number;
}

const maxSizeBytes = 8 * 1024 * 1024; // Chosen: read at a start in 0.1 s, and so much more memory.

export function createJournal(): Journal {
  const rows: Row[] = [];
  const unfolded = new Map<number, Group[]>();
  let sizeBytes = 0;
  let round: Round | undefined;
  let prepared: FoldStep | undefined;

  function begin(): Round | undefined {
    const last = rows.at(-1);
    return last === undefined ? undefined : { through: last.id, streams: [...unfolded.keys()], next: 0 };
  }

  /** How many rows go when the round's streams are all in pages: some of them, not to write too much at once. */
  function countDropped(through: number, maxBytes: number): number {
    let bytes = 0;
    let count = 0;
    for (const row of rows) {
      bytes += row.sizeBytes;
      if (row.id > through || (count > 0 && bytes > maxBytes)) break;
      count += 1;
    }
    return count;
  }

  return {
    add(id, block, folded) {
      rows.push({ id, sizeBytes: block.length });
      sizeBytes += block.length;
      for (const group of openBlock(block).groups) {
        if (folded !== undefined && group.last <= folded(group.stream)) continue;
        const groups = unfolded.get(group.stream);
        if (groups === undefined) unfolded.set(group.stream, [group]);
        else groups.push(group);
      }
    },
    groups: (stream) => unfolded.get(stream) ?? [],
    forget(stream) {
      unfolded.delete(stream);
      prepared = undefined; // It may hold pages of that stream.
    },
    streams: () => [...unfolded].map(([stream, groups]) => ({ stream, atMs: groups.at(-1)?.atMs ?? 0 })),
    prepare({ minLength, always }) {
      if (always || sizeBytes >= maxSizeBytes) round ??= begin();
      if (round !== undefined) prepared ??= makeStep(round, minLength);
    },
    step: () => prepared,
  };

  function makeStep(current: Round, minLength: number): FoldStep {
    const pages: Page[] = [];
    const folded: Array<{ stream: number; count: number }> = [];
    let length = 0;
    let { next } = current;
    for (; next < current.streams.length && length < minLength; next += 1) {
      const stream = current.streams[next] ?? 0;
      const groups = unfolded.get(stream);
      if (groups === undefined) continue; // Trimmed or deleted meanwhile.
      pages.push(...pagesOfGroups(stream, groups));
      folded.push({ stream, count: groups.length });
      length += groups.reduce((sum, { textLength }) => sum + textLength, 0);
    }
    const dropped = next < current.streams.length ? 0 : countDropped(current.through, minLength * 4);
    const hasMore = next < current.streams.length || (rows[dropped]?.id ?? Infinity) <= current.through;
    return {
      pages,
      dropThrough: rows[dropped - 1]?.id ?? 0,
      hasMore,
      done() {
        prepared = undefined;
        current.next = next;
        for (const { stream, count } of folded) leaveOut(stream, count);
        for (const row of rows.splice(0, dropped)) sizeBytes -= row.sizeBytes;
        if (!hasMore) round = undefined;
      },
    };
  }

  /** The first groups of the stream are in pages; others may have come since. */
  function leaveOut(stream: number, count: number): void {
    const groups = unfolded.get(stream);
    if (groups === undefined || groups.length <= count) unfolded.delete(stream);
    else groups.splice(0, count);
  }
}
