// The journal in memory, as the worker knows it: which entries are in no page yet, and how they get there.
// A round takes all streams that have some, a few with each commit, so that no commit waits long for
// it; when all are in pages, the rows go.
import { assert } from '../../../core/assert.ts';
import { eachGroup, openBlock, readGroup, type Group, type OpenBlock } from './block.ts';
import { pagesOfGroups, type Page } from './pages.ts';

interface Row {
  readonly id: number;
  readonly block: OpenBlock;
}

/**
 * Where a stream's entries are. Numbers only: there are a hundred thousand of them in a busy journal,
 * and objects would be a burden to the garbage collector for as long as they wait.
 */
interface Unfolded {
  /** Three numbers for each group: its row's id, where its head is, where its data is. */
  places: number[];
  /** The last offset. */
  last: number;
  /** When the last entry was written. */
  atMs: number;
}

const placeNumbers = 3;

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
  add(id: number, bytes: Uint8Array, folded?: (stream: number) => number): void;
  /** The last offset of the stream that is in no page; undefined where all are in pages. */
  last(stream: number): number | undefined;
  /** The stream's entries that are in no page, in order. */
  groups(stream: number): readonly Group[];
  /** The stream's groups are in pages now, or gone. */
  forget(stream: number): void;
  /** Streams with entries in no page, and when the last of them was written. */
  streams(): ReadonlyArray<{ readonly stream: number; readonly atMs: number }>;
  /** Makes the next step, where the journal is long enough or `always`; `addedBytes`: how much the last commit added. */
  prepare(options: { addedBytes: number; always: boolean }): void;
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
/** A step's data: more than a commit adds at 100,000 appends a second, and little enough that none waits long. */
const stepBytes = 96 * 1024;

export function createJournal(): Journal {
  const rows: Row[] = [];
  const unfolded = new Map<number, Unfolded>();
  const blocks = new Map<number, OpenBlock>();
  let sizeBytes = 0;
  let round: Round | undefined;
  let prepared: FoldStep | undefined;

  function begin(): Round | undefined {
    const last = rows.at(-1);
    return last === undefined
      ? undefined
      : { through: last.id, streams: [...unfolded.keys()].toSorted((a, b) => a - b), next: 0 };
  }

  /** How many rows go when the round's streams are all in pages: some of them, not to write too much at once. */
  function countDropped(through: number, maxBytes: number): number {
    let bytes = 0;
    let count = 0;
    for (const row of rows) {
      bytes += row.block.bytes.length;
      if (row.id > through || (count > 0 && bytes > maxBytes)) break;
      count += 1;
    }
    return count;
  }

  return {
    add(id, bytes, folded) {
      const block = openBlock(bytes);
      rows.push({ id, block });
      blocks.set(id, block);
      sizeBytes += bytes.length;
      eachGroup(block, ({ stream, start, dataStart, last, atMs }) => {
        if (folded !== undefined && last <= folded(stream)) return;
        const known = unfolded.get(stream);
        if (known === undefined) {
          unfolded.set(stream, { places: [id, start, dataStart], last, atMs });
        } else {
          known.places.push(id, start, dataStart);
          known.last = last;
          known.atMs = atMs;
        }
      });
    },
    groups: groupsOf,
    last: (stream) => unfolded.get(stream)?.last,
    forget(stream) {
      unfolded.delete(stream);
      prepared = undefined; // It may hold pages of that stream.
    },
    streams: () => [...unfolded].map(([stream, { atMs }]) => ({ stream, atMs })),
    prepare({ addedBytes, always }) {
      if (always || sizeBytes >= maxSizeBytes) round ??= begin();
      // Where more is added for long, more must go, or the journal would grow for ever.
      const isBehind = sizeBytes >= 2 * maxSizeBytes;
      if (round !== undefined) prepared ??= makeStep(round, isBehind ? Math.max(stepBytes, addedBytes * 2) : stepBytes);
    },
    step: () => prepared,
  };

  function makeStep(current: Round, minBytes: number): FoldStep {
    const pages: Page[] = [];
    const folded: Array<{ stream: number; count: number }> = [];
    let length = 0;
    let { next } = current;
    for (; next < current.streams.length && length < minBytes; next += 1) {
      const stream = current.streams[next] ?? 0;
      const groups = groupsOf(stream); // None where it was trimmed or deleted meanwhile.
      if (groups.length === 0) continue;
      pages.push(...pagesOfGroups(stream, groups));
      folded.push({ stream, count: groups.length });
      length += groups.reduce((sum, { dataStart, dataEnd }) => sum + dataEnd - dataStart, 0);
    }
    const dropped = next < current.streams.length ? 0 : countDropped(current.through, minBytes * 4);
    const hasMore = next < current.streams.length || (rows[dropped]?.id ?? Infinity) <= current.through;
    return {
      pages,
      dropThrough: rows[dropped - 1]?.id ?? 0,
      hasMore,
      done() {
        prepared = undefined;
        current.next = next;
        for (const { stream, count } of folded) leaveOut(stream, count);
        dropRows(dropped);
        if (!hasMore) round = undefined;
      },
    };
  }

  function groupsOf(stream: number): Group[] {
    const { places } = unfolded.get(stream) ?? { places: [] };
    const groups: Group[] = [];
    for (let at = 0; at < places.length; at += placeNumbers) {
      const block = blocks.get(places[at] ?? 0);
      assert(block !== undefined, 'a row stays as long as one of its entries is in no page');
      groups.push(readGroup(block, places[at + 1] ?? 0, places[at + 2] ?? 0));
    }
    return groups;
  }

  function dropRows(count: number): void {
    for (const { id, block } of rows.splice(0, count)) {
      sizeBytes -= block.bytes.length;
      blocks.delete(id);
    }
  }

  /** The first groups of the stream are in pages; others may have come since. */
  function leaveOut(stream: number, count: number): void {
    const known = unfolded.get(stream);
    if (known === undefined) return;
    known.places = known.places.slice(count * placeNumbers);
    if (known.places.length === 0) unfolded.delete(stream);
  }
}
