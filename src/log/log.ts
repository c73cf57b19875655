// The Log port: durable, ordered streams of opaque entries. Drivers implement it; nothing here
// knows what an entry means. Every driver passes testing/log-contract.ts.
import type { Leases } from './lease.ts';

/** A record to append. */
export interface NewEntry {
  /** What kind of record it is; the log only keeps it. */
  readonly type: string;
  /** The record, as text that the log does not look into. */
  readonly data: string;
}

/** A record of a stream. */
export interface Entry extends NewEntry {
  /** Its place: 1, 2, 3 … without a hole. */
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
  readonly index?: { readonly owner: string; readonly title: string } | undefined;
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
  /** When something was last appended to it. */
  readonly updatedAtMs: number;
}

export interface Log extends AsyncDisposable {
  /** Tells this store from another that stood in its place: the first half of every cursor. */
  readonly epoch: string;
  readonly leases: Leases;

  /**
   * Appends all entries, or none. Resolves when they are durable; only then does any reader see
   * them. Errors: `lease-lost`, `offset-conflict`, `store-unavailable`.
   */
  append(stream: string, entries: readonly NewEntry[], options?: AppendOptions): Promise<AppendResult>;

  /** The first result of the append that had this key; null where there was none. */
  find(stream: string, key: string): Promise<AppendResult | null>;

  /** At most `limit` entries (default: 1,000) after `after`, in order; none where the stream does not exist. */
  read(stream: string, options: { after: number; limit?: number }): Promise<readonly Entry[]>;

  /** The stream's last offset; 0 where it does not exist. */
  head(stream: string): Promise<number>;

  /**
   * Every entry after `after`, those that are there and then those to come, without a gap between.
   * Each step gives all that is there, so a slow reader takes bigger steps and holds up nobody.
   * Ends when the signal aborts or the log closes.
   */
  follow(stream: string, options: { after: number; signal?: AbortSignal }): AsyncIterable<readonly Entry[]>;

  /** The owner's streams, newest first, at most `limit` (default: 100). */
  list(owner: string, options?: { limit?: number }): Promise<readonly IndexRow[]>;

  /** Ends every follower, finishes what was being written and lets the store go. Idempotent. */
  close(): Promise<void>;
}
