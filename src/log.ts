// verbatim/log: durable, ordered streams.
export { backUpLog, openLog } from './log/open.ts';
export { appendLimits, maxStepLength } from './log/log.ts';
export type {
  AppendOptions,
  AppendResult,
  Entry,
  IndexChange,
  IndexPage,
  IndexRow,
  ListOptions,
  Log,
  NewEntry,
} from './log/log.ts';
export type { Lease, Leases } from './log/lease.ts';
