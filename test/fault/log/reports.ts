// What the writer tells its parent, a line each, and what the parent tells it. A line is written with
// one call before anything else happens, so that what was told survives the writer.

/** One life of the writer. */
export interface Life {
  readonly path: string;
  readonly seed: number;
  readonly life: number;
  /** Appends of the life before that had a key: they are sent again, whatever became of them. */
  readonly retries: ReadonlyArray<{ readonly life: number; readonly number: number; readonly stream: string }>;
  /** Leases of dead processes: once they are taken over, nothing can be appended under them. */
  readonly deadLeases: ReadonlyArray<{ readonly name: string; readonly epoch: number }>;
  /** When the writer kills itself, if its parent does not before. */
  readonly end: End;
}

export type End =
  /** The parent's business. */
  | { readonly type: 'by-parent' }
  /** Right behind the report of so many acknowledgements. */
  | { readonly type: 'acknowledged'; readonly count: number }
  /** At the so many-th change of a file since it began to open the store. */
  | { readonly type: 'file-event'; readonly count: number }
  /** `close()` is called behind so many acknowledgements; killed at the so many-th change of a file since then, or left to end. */
  | { readonly type: 'closing'; readonly acknowledged: number; readonly fileEvents: number };

/** A stream as a reader found it. */
export interface Found {
  readonly stream: string;
  /** Names of the appended entries, one for each offset from 1 on; null where the stream was deleted. */
  readonly parts: readonly string[] | null;
  /** First and last offset of each entry that `trim` made. */
  readonly trims: ReadonlyArray<readonly [from: number, offset: number]>;
}

export type Report =
  /** The store is open; all that a reader finds. */
  | {
      readonly type: 'opened';
      readonly found: readonly Found[];
      readonly expired: readonly string[];
      /** Titles of the index by stream. */
      readonly titles: Readonly<Record<string, string>>;
    }
  /** An append with a key is about to be asked for. */
  | { readonly type: 'keyed'; readonly life: number; readonly number: number; readonly stream: string }
  | {
      readonly type: 'appended';
      readonly stream: string;
      readonly life: number;
      readonly number: number;
      readonly first: number;
      readonly last: number;
      readonly replayed: boolean;
      readonly isIndexed: boolean;
    }
  /** A follower was given the entries after `after`. */
  | { readonly type: 'seen'; readonly stream: string; readonly after: number; readonly parts: readonly string[] }
  | { readonly type: 'acquiring' | 'releasing' | 'released'; readonly name: string }
  /** `epoch` is null where another turn of the writer had it. */
  | { readonly type: 'acquired'; readonly name: string; readonly epoch: number | null }
  | { readonly type: 'trimmed'; readonly stream: string; readonly from: number; readonly offset: number }
  | { readonly type: 'deleting' | 'deleted'; readonly stream: string }
  | { readonly type: 'closed' };
