// What the SQLite driver and its worker say to each other.
import type { ErrorCode } from '../../core/error-codes.ts';
import type { Lease } from '../lease.ts';
import type { AppendOptions, AppendResult, Entry, IndexRow, NewEntry } from '../log.ts';

/** Each operation's arguments and result. Those that write share a transaction. */
export interface Operations {
  append: {
    request: { stream: string; entries: readonly NewEntry[]; options: AppendOptions; nowMs: number };
    result: AppendResult;
  };
  acquire: { request: { name: string; ttlMs: number; nowMs: number }; result: Lease | null };
  renew: { request: { lease: Lease; ttlMs: number; nowMs: number }; result: Lease | null };
  release: { request: { lease: Lease }; result: null };
  expired: { request: { nowMs: number }; result: readonly string[] };
  read: { request: { stream: string; after: number; limit: number }; result: readonly Entry[] };
  find: { request: { stream: string; key: string }; result: AppendResult | null };
  head: { request: { stream: string }; result: number };
  list: { request: { owner: string; limit: number }; result: readonly IndexRow[] };
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

export type Reply =
  | { readonly type: 'opened'; readonly epoch: string }
  | { readonly type: 'open-failed'; readonly failure: Failure }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly failure: Failure };

export interface WorkerSettings {
  readonly path: string;
  /** Bound of the file's size, in bytes; undefined: the disk's. */
  readonly maxSizeBytes: number | undefined;
  /** For the cursor epoch of a new store. */
  readonly newEpoch: string;
}
