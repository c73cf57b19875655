// verbatim/log: durable, ordered streams.
export { openLog } from './log/open.ts';
export type { AppendOptions, AppendResult, Entry, IndexRow, Log, NewEntry } from './log/log.ts';
export type { Lease, Leases } from './log/lease.ts';
