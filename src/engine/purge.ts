// What was deleted goes for good when nobody has brought it back in time.
import type { Clock, Timer } from '../core/clock.ts';
import { isConversationId, type ConversationId } from '../core/ids.ts';
import { createTaskGroup } from '../core/task-group.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Log } from '../log/log.ts';
import type { Commands } from './commands.ts';

export interface Purge {
  /** Begins to look, soon and then every few minutes. Idempotent. */
  start(): void;
  close(): Promise<void>;
}

export interface PurgeDeps {
  readonly log: Log;
  readonly commands: Pick<Commands, 'purge'>;
  readonly owner: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** How long what was deleted can be brought back, in ms. */
  readonly undoMs: number;
}

const firstRoundMs = 20_000; // Chosen: when those who reconnect to a new server have been served.
const roundMs = 5 * 60_000; // Chosen: little beside the default time to undo.

/** The owner under whom conversations are listed that were deleted and can still be brought back. */
export function deletedOwner(owner: string): string {
  return `deleted:${owner}`;
}

export function createPurge(deps: PurgeDeps): Purge {
  const { log, commands, owner, clock, telemetry, undoMs } = deps;
  const tasks = createTaskGroup((error) => telemetry({ type: 'background-failed', task: 'purge', error }));
  let timer: Timer | undefined;

  async function round(signal: AbortSignal): Promise<void> {
    try {
      const deletedBeforeMs = clock.now() - undoMs;
      // The list begins with the newest: all of it is looked through, page by page.
      for (let pageToken: string | undefined; !signal.aborted;) {
        const { rows, next } = await log.list(deletedOwner(owner), { pageToken });
        for (const { stream, updatedAtMs } of rows) {
          if (updatedAtMs >= deletedBeforeMs || !isConversationId(stream)) continue;
          await purgeOne(stream, deletedBeforeMs);
        }
        if (next === null) return;
        pageToken = next;
      }
    } finally {
      if (!signal.aborted) schedule(roundMs);
    }
  }

  async function purgeOne(id: ConversationId, deletedBeforeMs: number): Promise<void> {
    try {
      await commands.purge(id, deletedBeforeMs);
    } catch (error) {
      // One that cannot be read must not keep the others.
      if (!tasks.isClosed) telemetry({ type: 'background-failed', task: `deletion of ${id}`, error });
    }
  }

  function schedule(ms: number): void {
    timer = clock.setTimer(ms, () => tasks.start(round));
  }

  return {
    start() {
      if (timer === undefined && !tasks.isClosed && undoMs < Infinity) schedule(firstRoundMs);
    },
    async close() {
      timer?.cancel();
      await tasks.close();
    },
  };
}
