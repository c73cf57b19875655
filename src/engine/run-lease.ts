// The lease under which a run is driven: its name, its time, its renewal.
import type { Clock } from '../core/clock.ts';
import { StreamError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { TaskGroup } from '../core/task-group.ts';
import type { Lease } from '../log/lease.ts';
import type { Log } from '../log/log.ts';

export const leaseTtlMs = 15_000; // Chosen: how long a run of a process that vanished waits for another.
const renewalMs = leaseTtlMs / 3; // Two renewals may fail before the lease is lost.

export function leaseNameOf(run: RunId): string {
  return `run:${run}`;
}

interface RenewalDeps {
  /** Aborted when somebody else has the lease. */
  readonly lost: AbortController;
  readonly log: Log;
  readonly clock: Clock;
  readonly tasks: TaskGroup;
}

/** Renews the lease until cancelled. */
export function keepRenewed(lease: Lease, { lost, log, clock, tasks }: RenewalDeps): { cancel(): void } {
  async function renewOnce(): Promise<void> {
    try {
      const renewed = await log.leases.renew(lease, { ttlMs: leaseTtlMs });
      if (renewed === null) lost.abort(new StreamError('lease-lost', `Another process drives ${lease.name} now.`));
    } catch {
      // The store is not to be had: the next renewal tries again, and the store itself refuses
      // what a lost lease's holder writes.
    }
  }

  let timer = clock.setTimer(renewalMs, renew);
  function renew(): void {
    timer = clock.setTimer(renewalMs, renew);
    tasks.start(renewOnce);
  }
  return { cancel: () => timer.cancel() };
}
