// Looks for runs that were cut: whose process died, or gave them up.
import type { Clock, Timer } from '../core/clock.ts';
import { isStreamError } from '../core/errors.ts';
import { isRunId, type RunId } from '../core/ids.ts';
import type { TaskGroup } from '../core/task-group.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { hasEnded } from '../conversation/run.ts';
import type { Log } from '../log/log.ts';
import type { Conversations } from './conversations.ts';
import { loadRun } from './find-run.ts';
import { leaseTtlMs, type Claim, type Claims } from './run-lease.ts';

export interface Recovery {
  /** Takes over those of the runs that nobody drives and that have not ended; resolves with how many. */
  takeOver(ids: readonly RunId[]): Promise<number>;
  /** Takes over all that were cut, and goes on to look for such; resolves with how many there were. */
  start(): Promise<number>;
  /** Looks no more. */
  end(): void;
}

interface RecoveryDeps {
  readonly log: Log;
  readonly conversations: Conversations;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly claims: Claims;
  readonly tasks: TaskGroup;
  /** Drives a claimed run. */
  readonly start: (claim: Claim) => void;
}

/** How often is looked for runs whose process is gone. */
const takeoverMs = leaseTtlMs / 3; // Chosen: a run waits little longer than its lease.

export function createRecovery(deps: RecoveryDeps): Recovery {
  const { log, conversations, clock, telemetry, claims, tasks, start } = deps;
  /** Those whose conversation could not be read: they are not looked at again. */
  const damaged = new Set<RunId>();
  let timer: Timer | undefined;

  async function takeOver(ids: readonly RunId[]): Promise<number> {
    let count = 0;
    for (const id of ids) if (await takeOverOne(id)) count += 1;
    return count;
  }

  async function takeOverOne(id: RunId): Promise<boolean> {
    const claim = damaged.has(id) || tasks.isClosed ? undefined : await claims.take(id);
    if (claim === undefined) return false;
    try {
      const isCut = await isUnfinished(conversations, id);
      if (isCut) start(claim);
      else await claims.release(claim);
      return isCut;
    } catch (error) {
      // One conversation that cannot be read must not keep the others from going on.
      telemetry({ type: 'background-failed', task: `takeover of ${id}`, error });
      if (!isStreamError(error, 'store-unavailable')) damaged.add(id);
      await claims.abandon(claim);
      return false;
    }
  }

  async function look(): Promise<number> {
    const names = await log.leases.expired();
    return await takeOver(names.map((name) => name.replace(/^run:/, '')).filter(isRunId));
  }

  function lookLater(): void {
    timer = clock.setTimer(takeoverMs, () =>
      tasks.start(async (signal) => {
        try {
          await look();
        } finally {
          if (!signal.aborted) lookLater();
        }
      }),
    );
  }

  return {
    takeOver,
    async start() {
      const count = await look();
      if (timer === undefined && !tasks.isClosed) lookLater();
      return count;
    },
    end: () => timer?.cancel(),
  };
}

/** False also where the run was claimed, but never written. */
async function isUnfinished(conversations: Conversations, id: RunId): Promise<boolean> {
  try {
    return !hasEnded((await loadRun(conversations, id)).status);
  } catch (error) {
    if (isStreamError(error, 'run-not-found')) return false;
    throw error;
  }
}
