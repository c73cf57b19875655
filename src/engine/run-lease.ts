// The lease under which a run is driven: its name, its time, its renewal.
import type { Clock } from '../core/clock.ts';
import { StreamError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { TaskGroup } from '../core/task-group.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Lease } from '../log/lease.ts';
import type { Log } from '../log/log.ts';

export const leaseTtlMs = 15_000; // Chosen: how long a run of a process that vanished waits for another.
const renewalMs = leaseTtlMs / 3; // Two renewals may fail before the lease is lost.

/** The right to drive a run, renewed until it is ended. */
export interface Claim {
  readonly run: RunId;
  readonly lease: Lease;
  /** Aborts, with `lease-lost`, when somebody else has the lease. */
  readonly lost: AbortSignal;
  /** Ends the renewal. */
  end(): void;
}

/** The claims of this process. */
export interface Claims {
  /** Takes the run's lease; undefined where it is not free, or is being held here. */
  take(run: RunId): Promise<Claim | undefined>;
  /** Ends the lease for good. Never rejects: one that is left over is found by whoever looks for cut runs. */
  release(claim: Claim): Promise<void>;
  /** Gives the lease up for somebody else to take at once. Never rejects: it runs out by itself. */
  abandon(claim: Claim): Promise<void>;
}

interface ClaimsDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly tasks: TaskGroup;
  readonly whenRenewed: (run: RunId) => Promise<void>;
}

export function createClaims({ log, clock, telemetry, tasks, whenRenewed }: ClaimsDeps): Claims {
  const held = new Map<RunId, Claim>();

  function claimOf(run: RunId, lease: Lease): Claim {
    const lost = new AbortController();

    async function renewOnce(): Promise<void> {
      try {
        const renewed = await log.leases.renew(lease, { ttlMs: leaseTtlMs });
        if (renewed === null) lost.abort(new StreamError('lease-lost', `Another process drives the run ${run} now.`));
        else await whenRenewed(run);
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
    return { run, lease, lost: lost.signal, end: () => timer.cancel() };
  }

  async function giveBack(claim: Claim, call: (lease: Lease) => Promise<unknown>): Promise<void> {
    claim.end();
    if (held.get(claim.run) === claim) held.delete(claim.run);
    try {
      await call(claim.lease);
    } catch (error) {
      telemetry({ type: 'background-failed', task: claim.lease.name, error });
    }
  }

  return {
    async take(run) {
      if (held.has(run)) return undefined;
      const lease = await log.leases.acquire(`run:${run}`, { ttlMs: leaseTtlMs });
      if (lease === null) return undefined;
      const claim = claimOf(run, lease);
      held.set(run, claim);
      return claim;
    },
    release: (claim) => giveBack(claim, log.leases.release),
    abandon: (claim) => giveBack(claim, (lease) => log.leases.renew(lease, { ttlMs: 0 })),
  };
}
