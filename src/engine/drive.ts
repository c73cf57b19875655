// What every stage of a run has: its task, its right to write, and its ends.
import type { Clock } from '../core/clock.ts';
import { isStreamError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { ConversationEvent } from '../conversation/event.ts';
import type { Part } from '../conversation/message.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { Run, StopRequest } from '../conversation/run.ts';
import type { Lease } from '../log/lease.ts';
import { cutBehind } from './cut.ts';
import { writeEnd, type EndDeps } from './end-run.ts';
import { entryOf } from './entries.ts';
import type { Patience } from './generate.ts';
import type { ModelCatalogue, TakeoverPolicy } from './model.ts';
import { patiently } from './patiently.ts';
import { logStop } from './stop.ts';
import type { TakeoverBudget } from './takeover.ts';
import type { Tool } from './tool.ts';

export interface RunnerDeps extends EndDeps {
  readonly models: ModelCatalogue;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly tools: readonly Tool[];
  /** How often a model may call tools in one answer. */
  readonly maxSteps: number;
  readonly patience: Patience;
  readonly budget: TakeoverBudget;
  /** What becomes of a cut answer of the model, instead of the model's own policy. */
  readonly takeover?: ((model: string) => TakeoverPolicy | undefined) | undefined;
}

export interface RunTask {
  readonly conversation: Conversation;
  readonly run: Run;
  readonly lease: Lease;
  /** Aborts when a person wants no more of the answer. */
  readonly stopped: AbortSignal;
  /** What was asked for with a stop that came to this process. */
  readonly stopRequest: () => StopRequest | undefined;
  /** Aborts, with a `StreamError`, when this process can no longer drive the run; it is left for another. */
  readonly left: AbortSignal;
}

export interface Drive {
  readonly task: RunTask;
  readonly deps: RunnerDeps;
  /** The answer as it was in the log when the run was begun here. */
  readonly parts: readonly Part[];
  /** Appends under the lease, all or none, however long the store takes. */
  write(events: readonly ConversationEvent[]): Promise<unknown>;
  end(run: Run, outcome: Pick<Run, 'status'> & Partial<Run>): Promise<Run>;
  /** Ends it as a person asked for. `written`: the answer as it is in the log. */
  endStopped(run: Run, written: readonly Part[]): Promise<Run>;
  /** Ends it as failed. What is no error of the model's, but of this program, is for its operator to read. */
  endFailed(run: Run, error: unknown): Promise<Run>;
}

export function createDrive(task: RunTask, deps: RunnerDeps): Drive {
  const { conversation, lease } = task;
  const patience = { clock: deps.clock, signal: task.left };

  // Written twice would do no harm: every event says what it changes.
  function write(events: readonly ConversationEvent[]): Promise<unknown> {
    const entries = events.map(entryOf);
    return patiently(() => deps.log.append(conversation.id, entries, { lease }), patience);
  }

  async function end(run: Run, outcome: Pick<Run, 'status'> & Partial<Run>): Promise<Run> {
    const { isCalling: _isOver, stop: _isDone, ...rest } = run;
    return await patiently(() => writeEnd({ ...rest, ...outcome }, lease, deps), patience);
  }

  return {
    task,
    deps,
    parts: conversation.messages.find(({ id }) => id === task.run.message)?.parts ?? [],
    write,
    end,
    async endFailed(run, error) {
      if (isStreamError(error))
        return await end(run, { status: 'failed', error: { code: error.code, message: error.message } });
      deps.telemetry({ type: 'background-failed', task: `run ${run.id}`, error });
      const message = 'The server failed in the middle of this answer. What had arrived is kept; ask again.';
      return await end(run, { status: 'failed', error: { code: 'internal-error', message } });
    },
    async endStopped(run, written) {
      const request = task.stopRequest();
      // Whoever asked for it may have failed to write it.
      if (request !== undefined) await patiently(() => logStop(deps.log, run.id, request), patience);
      const { runs } = await patiently(() => deps.conversations.load(conversation.id), patience);
      const seen = runs.find(({ id }) => id === run.id)?.stop?.seen;
      if (seen !== undefined) {
        const where = { conversation: conversation.id, message: run.message, parts: written, seen };
        const cut = await patiently(() => cutBehind(deps.log, where), patience);
        if (cut !== undefined) await write([cut]);
      }
      return await end(run, { status: 'stopped' });
    },
  };
}
