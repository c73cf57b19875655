// Leases, in memory: only their names and epochs lie in the store, for this process is its only user.
// All that were held when it was opened belong to processes that are gone, and have run out.
import type { Clock } from '../../../core/clock.ts';
import type { StreamError } from '../../../core/errors.ts';
import type { Lease } from '../../lease.ts';
import { fenced } from '../../refuse.ts';
import type { Change, Opened } from './protocol.ts';

interface Held {
  readonly epoch: number;
  expiresAtMs: number;
}

/** What is to be written for a change that is made already, and how it is taken back. */
export interface Staged<T> {
  readonly result: T;
  readonly change: Change | null;
  undo(): void;
}

export interface LeaseTable {
  acquire(name: string, ttlMs: number): Staged<Lease | null>;
  renew(lease: Lease, ttlMs: number): Lease | null;
  release(lease: Lease): Staged<undefined>;
  expired(): readonly string[];
  /** `lease-lost` where the lease is not the newest of its name. */
  check(lease: { readonly name: string; readonly epoch: number }): StreamError | undefined;
}

export function createLeaseTable(opened: Opened, clock: Clock): LeaseTable {
  const held = new Map<string, Held>(opened.leases.map(({ name, epoch }) => [name, { epoch, expiresAtMs: -Infinity }]));
  let lastEpoch = opened.lastLeaseEpoch;

  function put(name: string, before: Held | undefined): void {
    if (before === undefined) held.delete(name);
    else held.set(name, before);
  }

  return {
    acquire(name, ttlMs) {
      const before = held.get(name);
      const nowMs = clock.now();
      if (before !== undefined && before.expiresAtMs > nowMs)
        return { result: null, change: null, undo: () => undefined };
      const lease: Lease = { name, epoch: (lastEpoch += 1), expiresAtMs: nowMs + ttlMs };
      held.set(name, { epoch: lease.epoch, expiresAtMs: lease.expiresAtMs });
      return { result: lease, change: { type: 'lease', name, epoch: lease.epoch }, undo: () => put(name, before) };
    },
    renew(lease, ttlMs) {
      const holding = held.get(lease.name);
      if (holding?.epoch !== lease.epoch) return null;
      holding.expiresAtMs = ttlMs === 0 ? -Infinity : clock.now() + ttlMs;
      return { ...lease, expiresAtMs: holding.expiresAtMs };
    },
    release(lease) {
      const before = held.get(lease.name);
      if (before?.epoch !== lease.epoch) return { result: undefined, change: null, undo: () => undefined };
      held.delete(lease.name);
      return { result: undefined, change: { type: 'release', name: lease.name }, undo: () => put(lease.name, before) };
    },
    expired() {
      const nowMs = clock.now();
      return [...held].filter(([, { expiresAtMs }]) => expiresAtMs <= nowMs).map(([name]) => name);
    },
    check(lease) {
      const epoch = held.get(lease.name)?.epoch;
      return epoch === lease.epoch ? undefined : fenced(lease, epoch);
    },
  };
}
