// Takes hold of runs that were cut: whose process died, or gave them up.
import { isStreamError } from '../core/errors.ts';
import { conversationOfRun, type RunId } from '../core/ids.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { hasEnded } from '../conversation/run.ts';
import type { Lease } from '../log/lease.ts';
import type { Log } from '../log/log.ts';
import type { Conversations } from './conversations.ts';
import { leaseNameOf, leaseTtlMs } from './run-lease.ts';

interface RecoverDeps {
  readonly log: Log;
  readonly conversations: Conversations;
  readonly telemetry: Telemetry;
  /** Gives a lease up for somebody else. */
  readonly abandon: (lease: Lease) => Promise<void>;
}

/** Those of the runs that nobody drives and that have not ended, claimed, in the order in which they were queued. */
export async function claimCut(ids: readonly RunId[], deps: RecoverDeps): Promise<Array<{ id: RunId; lease: Lease }>> {
  const { log, conversations, telemetry, abandon } = deps;
  const cut: Array<{ id: RunId; lease: Lease; position: number }> = [];
  for (const id of ids) {
    const lease = await log.leases.acquire(leaseNameOf(id), { ttlMs: leaseTtlMs });
    if (lease === null) continue;
    try {
      const position = await positionOf(conversations, id);
      if (position === undefined) await log.leases.release(lease);
      else cut.push({ id, lease, position });
    } catch (error) {
      // One conversation that cannot be read must not keep the others from going on.
      telemetry({ type: 'background-failed', task: `takeover of ${id}`, error });
      await abandon(lease);
    }
  }
  return cut.toSorted((a, b) => a.position - b.position);
}

/** Where an unfinished run stands among its conversation's; undefined where there is nothing to finish. */
async function positionOf(conversations: Conversations, id: RunId): Promise<number | undefined> {
  try {
    const { runs } = await conversations.load(conversationOfRun(id));
    const position = runs.findIndex((run) => run.id === id && !hasEnded(run.status));
    return position === -1 ? undefined : position;
  } catch (error) {
    if (isStreamError(error, 'conversation-not-found')) return undefined; // Claimed, but never written.
    throw error;
  }
}
