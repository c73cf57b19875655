// Moves what the journal gathered into pages of each stream, a little with each commit, so that no
// commit waits long for it. When all of a stretch is in pages, its rows of the journal go.
import type { Clock, Timer } from '../../../core/clock.ts';
import type { Entry } from '../../log.ts';
import { pagesOf } from './pages.ts';
import type { Page } from './protocol.ts';
import type { Stream, Streams } from './streams.ts';

/** What a commit does for the folding beside its own. */
export interface FoldStep {
  /** The number of the commit's row in the journal. */
  readonly journalId: number;
  readonly pages: readonly Page[];
  /** 0 for none. */
  readonly dropJournalThrough: number;
  /** The commit is durable, with these pages or, for want of room, without. */
  done(haveFolded: boolean): void;
  failed(): void;
}

export interface Folder {
  /** For the commit that is next, which adds so many bytes to the journal. */
  next(blockBytes: number): FoldStep;
  /** Whether there is something to do where nothing else is to be committed. */
  hasWork(): boolean;
  /** Folds all that there is. */
  foldAll(): void;
  close(): void;
}

interface FolderDeps {
  readonly streams: Streams;
  readonly clock: Clock;
  /** The journal's rows as they were found. */
  readonly journal: readonly Uint8Array[];
  readonly lastJournalId: number;
  /** Asks for a commit. */
  readonly wake: () => void;
}

/** One way through the journal: all streams that have entries in it. */
interface Round {
  readonly through: number;
  readonly streams: readonly Stream[];
  next: number;
}

const maxJournalBytes = 8 * 1024 * 1024; // Chosen: read at a start in 0.1 s, and so much more memory.
const maxAgeMs = 10_000; // Chosen: at rest nothing stays in the journal for longer.
/** Folded with one commit, in UTF-16 code units; but more than it adds, or the journal would grow for ever. */
const minStepLength = 256 * 1024; // Chosen, as the next: some ms of the worker's time.
const minDroppedBytes = 1024 * 1024;
const restMs = 1_000; // Chosen: how soon it is tried again where there was no room.

export function createFolder({ streams, clock, journal, lastJournalId, wake }: FolderDeps): Folder {
  const firstId = lastJournalId - journal.length + 1;
  const rows = journal.map((block, index) => ({ id: firstId + index, bytes: block.length }));
  let nextId = lastJournalId + 1;
  let journalBytes = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  let round: Round | undefined;
  let isResting = false;
  let age: Timer | undefined;
  let rest: Timer | undefined;
  if (rows.length > 0) waitForAge();

  function waitForAge(): void {
    age ??= clock.setTimer(maxAgeMs, () => {
      age = undefined;
      begin();
      wake();
    });
  }

  function begin(): void {
    if (rows.length > 0) round ??= { through: nextId - 1, streams: [...streams.unfolded], next: 0 };
  }

  /** The next pages of the round, and how each stream stands when they are written. */
  function takePages(
    current: Round,
    maxLength: number,
  ): { pages: Page[]; folded: Array<{ stream: Stream; last: number }> } {
    const pages: Page[] = [];
    const folded: Array<{ stream: Stream; last: number }> = [];
    let length = 0;
    for (; current.next < current.streams.length && length < maxLength; current.next += 1) {
      const stream = current.streams[current.next];
      if (stream === undefined || stream.isDeleting || stream.head === stream.folded) continue;
      const durable = stream.tail.slice(0, stream.head - stream.folded);
      pages.push(...pagesOf(stream.id, durable));
      folded.push({ stream, last: stream.head });
      length += lengthOf(durable);
    }
    return { pages, folded };
  }

  /** How many rows go next: those of the round, when all their entries are in pages. */
  function countDropped({ next, streams: all, through }: Round, maxBytes: number): number {
    if (next < all.length) return 0;
    let bytes = 0;
    const end = rows.findIndex((row) => row.id > through || (bytes += row.bytes) > maxBytes);
    if (end === -1) return rows.length;
    // A row that alone is larger goes alone.
    return end === 0 && (rows[0]?.id ?? Infinity) <= through ? 1 : end;
  }

  function pause(): void {
    isResting = true;
    rest = clock.setTimer(restMs, () => {
      isResting = false;
      wake();
    });
  }

  return {
    next(blockBytes) {
      const journalId = nextId;
      const current = isResting ? undefined : round;
      const before = current?.next ?? 0;
      const { pages, folded } =
        current === undefined ? { pages: [], folded: [] } : takePages(current, Math.max(minStepLength, blockBytes * 2));
      const dropped = current === undefined ? 0 : countDropped(current, Math.max(minDroppedBytes, blockBytes * 2));

      function notFolded(): void {
        if (current === undefined) return;
        current.next = before;
        pause();
      }

      function haveFolded(): void {
        for (const { stream, last } of folded) {
          stream.tail = stream.tail.slice(last - stream.folded);
          stream.folded = last;
          if (stream.tail.length === 0) streams.unfolded.delete(stream);
        }
        for (const { bytes } of rows.splice(0, dropped)) journalBytes -= bytes;
        if (current !== undefined && (rows[0]?.id ?? Infinity) > current.through) round = undefined;
      }

      return {
        journalId,
        pages,
        dropJournalThrough: rows[dropped - 1]?.id ?? 0,
        done(folds) {
          if (folds) haveFolded();
          else notFolded();
          if (blockBytes > 0) {
            rows.push({ id: journalId, bytes: blockBytes });
            nextId += 1;
            journalBytes += blockBytes;
            waitForAge();
          }
          if (journalBytes >= maxJournalBytes) begin();
        },
        failed: notFolded,
      };
    },
    hasWork: () => round !== undefined && !isResting,
    foldAll() {
      isResting = false;
      begin();
    },
    close() {
      age?.cancel();
      rest?.cancel();
    },
  };
}

function lengthOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { data }) => sum + data.length, 0);
}
