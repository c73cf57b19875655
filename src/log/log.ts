// The Log port: durable, ordered streams of opaque entries. Drivers implement it; nothing here
// knows what an entry means. Every driver passes testing/log-contract.ts; docs/spec/log.md has the rules.
import type { Leases } from './lease.ts';

/** A record to append. */
export interface NewEntry {
  /** What kind of record it is; the log only keeps it. */
  readonly type: string;
  /** The record, as text that the log does not look into. Well-formed: no half of a surrogate pair alone. */
  readonly data: string;
}

/** A record of a stream. */
export interface Entry extends NewEntry {
  /** The first offset that it stands for: its own, but where `trim` put it in the place of several. */
  readonly from: number;
  /** Its place: 1, 2, 3 … without a hole. A reader that has read it goes on after this. */
  readonly offset: number;
  /** When it was committed: milliseconds since 1970-01-01T00:00Z. */
  readonly atMs: number;
}

export interface AppendOptions {
  /** The lease under which the writer writes. Refused with `lease-lost` when its epoch is not the newest. */
  readonly lease?: { readonly name: string; readonly epoch: number } | undefined;
  /** The stream's last offset as the writer knows it. Refused with `offset-conflict` when it is another. */
  readonly expectedOffset?: number | undefined;
  /**
   * Names the write within its stream: the same key again appends nothing and gives the first
   * result. Checked before everything else.
   */
  readonly key?: string | undefined;
  /** Puts the stream into its owner's index, or changes its row, in the same commit. */
  readonly index?: IndexChange | undefined;
}

export interface IndexChange {
  readonly owner: string;
  /** Default: as it is; "" for a stream that was not in the index. */
  readonly title?: string | undefined;
  /** Text by which a search finds the stream, beside its title and what was given before. */
  readonly text?: string | undefined;
}

export interface AppendResult {
  /** Offset of the first entry that was written. */
  readonly first: number;
  /** Offset of the last. */
  readonly last: number;
  /** Whether the key was seen before: nothing was appended this time. */
  readonly replayed: boolean;
}

/** A stream as its owner's index lists it. */
export interface IndexRow {
  readonly stream: string;
  readonly title: string;
  /** When the stream was put into the index. */
  readonly createdAtMs: number;
  /** When its row was last written, as every append with `index` does. */
  readonly updatedAtMs: number;
}

export interface ListOptions {
  /** At most this many rows. Default: 100. */
  readonly limit?: number | undefined;
  /** Where to go on: the `next` of the page before. Refused with `page-token-invalid` where it is none. */
  readonly pageToken?: string | undefined;
  /**
   * Only streams where the title, or one of the texts given with `index`, has all of these words;
   * the last may be the beginning of one. Case and accents make no difference. Without any word: all.
   */
  readonly search?: string | undefined;
}

export interface IndexPage {
  readonly rows: readonly IndexRow[];
  /** The token of the next page; null where this is the last. */
  readonly next: string | null;
}

export interface Log extends AsyncDisposable {
  /** Tells this store from another that stood in its place: the first half of every cursor. */
  readonly epoch: string;
  readonly leases: Leases;

  /**
   * Appends all entries, or none. Resolves when they are durable; only then does any reader see
   * them. Appends to one stream are written in the order of the calls. Errors: `lease-lost`,
   * `offset-conflict`, `stream-deleted`, `invalid-input`, `store-unavailable`.
   */
  append(stream: string, entries: readonly NewEntry[], options?: AppendOptions): Promise<AppendResult>;

  /** The first result of the append that had this key; null where there was none. Errors: `stream-deleted`. */
  find(stream: string, key: string): Promise<AppendResult | null>;

  /**
   * At most `limit` entries (default: 1,000) after `after`, in order; none where the stream does not
   * exist. Fewer, but at least one, where they hold more than `maxStepLength` of data. Errors:
   * `offset-expired` where `after` lies within what `trim` made one entry of; `stream-deleted`.
   */
  read(stream: string, options: { after: number; limit?: number }): Promise<readonly Entry[]>;

  /** The stream's last offset; 0 where it does not exist. Errors: `stream-deleted`. */
  head(stream: string): Promise<number>;

  /**
   * Every entry after `after`, those that are there and then those to come, without a gap between.
   * Each step gives all that is there, up to `maxStepLength`, so a slow reader takes bigger steps and
   * holds up nobody. Readers at the same offset are given the same array, so that what is made of it can
   * be shared by its identity. Ends when the signal aborts or the log closes. Errors: those of `read`, also later: the stream may be
   * trimmed or deleted meanwhile.
   */
  follow(stream: string, options: { after: number; signal?: AbortSignal }): AsyncIterable<readonly Entry[]>;

  /**
   * Puts `entries` in the place of those that are stored from the first's `from` to the last's
   * `offset`, which they must cover without a hole; a reader within what became one entry is told
   * `offset-expired`. Where they reach to the stream's end, `untrimmed` names it no more until it grows.
   * Errors: `offset-conflict` where what is stored does not begin and end there; `stream-deleted`.
   */
  trim(stream: string, entries: readonly Entry[]): Promise<void>;

  /** Streams that have grown since they were last trimmed, and to which all was appended before `quietSinceMs`; at most `limit`. */
  untrimmed(options: { quietSinceMs: number; limit: number }): Promise<readonly string[]>;

  /** A page of the owner's streams, the last written row first. */
  list(owner: string, options?: ListOptions): Promise<IndexPage>;

  /**
   * Removes the stream: its entries, its keys, its row in the index. Its name is never used again.
   * Gives whether there was one.
   */
  delete(stream: string): Promise<boolean>;

  /** Ends every follower, finishes what was being written and lets the store go. Idempotent. */
  close(): Promise<void>;
}

/** What a step of `read` or `follow` holds at most, in UTF-16 code units of data, unless one entry alone is larger. */
export const maxStepLength = 4 * 1024 * 1024; // Chosen: a long conversation at once, and little enough for many readers.

/** Bounds of what `append` takes; beyond them it is refused with `invalid-input`. */
export const appendLimits = {
  maxNameLength: 512, // Chosen: as the others, far beyond what anyone needs.
  maxEntries: 10_000,
  /** UTF-16 code units of all entries' data, and of the text for the search. */
  maxLength: 16 * 1024 * 1024,
} as const;
