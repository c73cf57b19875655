// What the SQLite driver and its worker thread say to each other.
import type { ErrorCode } from '../../../core/error-codes.ts';
import type { AppendResult, Entry, IndexPage, IndexChange, ListOptions } from '../../log.ts';

/** What a commit changes beside adding entries, in order. */
export type Change =
  | { readonly type: 'stream'; readonly id: number; readonly name: string; readonly atMs: number }
  | {
      readonly type: 'key';
      readonly stream: number;
      readonly key: string;
      readonly first: number;
      readonly last: number;
    }
  | { readonly type: 'index'; readonly stream: number; readonly index: IndexChange; readonly atMs: number }
  | { readonly type: 'lease'; readonly name: string; readonly epoch: number }
  | { readonly type: 'release'; readonly name: string }
  | { readonly type: 'delete'; readonly stream: number };

/** One transaction. */
export interface Commit {
  /** The entries of all appends, as one row of the journal; null where there are none. */
  readonly block: Uint8Array<ArrayBuffer> | null;
  readonly changes: readonly Change[];
}

/** A stream as it is in the store. */
export interface StoredStream {
  readonly id: number;
  /** The last offset that is durable. */
  readonly head: number;
  readonly isDeleted: boolean;
}

/** Each operation's arguments and result. */
export interface Operations {
  commit: { request: Commit; result: null };
  /** Moves a little of the journal into pages. Gives whether there is more. */
  fold: { request: null; result: boolean };
  trim: { request: { name: string; stream: number; entries: readonly Entry[] }; result: null };
  /** Each name's stream; null where there is none. */
  streams: { request: { names: readonly string[] }; result: ReadonlyArray<StoredStream | null> };
  key: { request: { stream: number; key: string }; result: AppendResult | null };
  /** Blocks of what comes after `after`, in order, up to about `maxBytes`, at least one. */
  read: { request: { stream: number; after: number; maxBytes: number }; result: readonly Uint8Array[] };
  list: { request: { owner: string; options: ListOptions }; result: IndexPage };
  untrimmed: { request: { quietSinceMs: number; limit: number }; result: readonly string[] };
}

export type OperationName = keyof Operations;

/** One call. `id` is echoed by its reply. */
export type Call = {
  [Name in OperationName]: { readonly id: number; readonly name: Name; readonly request: Operations[Name]['request'] };
}[OperationName];

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What the store held when it was opened. */
export interface Opened {
  /** The first half of every cursor. */
  readonly epoch: string;
  /** Those that were neither released nor end: of processes that are gone. */
  readonly leases: ReadonlyArray<{ readonly name: string; readonly epoch: number }>;
  /** No lease ever had a higher one. */
  readonly lastLeaseEpoch: number;
  readonly lastStreamId: number;
}

export type Reply =
  | { readonly type: 'opened'; readonly opened: Opened }
  | { readonly type: 'open-failed'; readonly failure: Failure }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly failure: Failure };

/** What a commit survives: with `disk` a loss of power, with `process` an end of the process. */
export type Durability = 'disk' | 'process';

export interface WorkerSettings {
  readonly path: string;
  readonly durability: Durability;
  /** Bound of the file's size, in bytes; undefined: the disk's. */
  readonly maxSizeBytes: number | undefined;
  /** For the cursor epoch of a new store. */
  readonly newEpoch: string;
}
