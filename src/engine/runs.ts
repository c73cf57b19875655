// The runs that this process drives: started, queued one behind another in their conversation,
// stopped, handed over. One lease a run, renewed for as long as it is here.
import { abortable } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { isStreamError, StreamError } from '../core/errors.ts';
import { conversationOfRun, isRunId, type ConversationId, type RunId } from '../core/ids.ts';
import { createTaskGroup } from '../core/task-group.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { hasEnded, type Run } from '../conversation/run.ts';
import type { Lease } from '../log/lease.ts';
import type { Log } from '../log/log.ts';
import type { Conversations } from './conversations.ts';
import { writeEnd } from './end-run.ts';
import type { ModelCatalogue } from './model.ts';
import { patiently } from './patiently.ts';
import { keepRenewed, leaseNameOf, leaseTtlMs } from './run-lease.ts';
import { claimCut } from './recover.ts';
import { driveRun } from './runner.ts';

export interface Runs {
  /** Takes the lease of a run that is about to be written to the log. */
  claim(run: RunId): Promise<Lease>;
  /** Drives a claimed run that is in the log, after those of its conversation that are here already. */
  start(run: RunId, lease: Lease): void;
  /** Gives a claim up whose run may or may not be in the log: whoever looks next finds out. Never rejects. */
  abandon(lease: Lease): Promise<void>;
  /** Sees to it that somebody drives a run that is in the log. */
  ensure(run: RunId): Promise<void>;
  /** Ends the run as `stopped` where it has not ended; resolves with the run as it then is. */
  stop(run: RunId): Promise<Run>;
  /** Takes over every run whose process is gone. Resolves with how many. */
  recover(): Promise<number>;
  /** Leaves every run to be taken over, and resolves when none is driven here. */
  close(): Promise<void>;
}

export interface RunsDeps {
  readonly log: Log;
  readonly models: ModelCatalogue;
  readonly conversations: Conversations;
  /** Whose index a search looks through. */
  readonly owner: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

interface Handle {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

export function createRuns(deps: RunsDeps): Runs {
  const { log, conversations, clock, telemetry } = deps;
  const handles = new Map<RunId, Handle>();
  const queueEnds = new Map<ConversationId, Promise<void>>();
  const tasks = createTaskGroup((error) => telemetry({ type: 'background-failed', task: 'run', error }));

  async function abandon(lease: Lease): Promise<void> {
    try {
      await log.leases.renew(lease, { ttlMs: 0 });
    } catch (error) {
      telemetry({ type: 'background-failed', task: lease.name, error }); // The lease runs out by itself.
    }
  }

  function start(id: RunId, lease: Lease): void {
    if (tasks.isClosed) {
      void abandon(lease);
      return;
    }
    const conversationId = conversationOfRun(id);
    const before = queueEnds.get(conversationId);
    const stop = new AbortController();
    const ended = Promise.withResolvers<void>();
    handles.set(id, { stop, ended: ended.promise });
    // A run that is stopped in the queue ends before those before it: whoever is next waits for all.
    const queueEnd = Promise.all([before, ended.promise]).then(() => undefined);
    queueEnds.set(conversationId, queueEnd);
    void queueEnd.then(() => {
      if (queueEnds.get(conversationId) === queueEnd) queueEnds.delete(conversationId);
    });
    tasks.start(async (closing) => {
      try {
        await drive({ id, lease, before, stop: stop.signal, closing });
      } finally {
        handles.delete(id);
        ended.resolve();
      }
    });
  }

  interface Drive {
    readonly id: RunId;
    readonly lease: Lease;
    readonly before: Promise<void> | undefined;
    readonly stop: AbortSignal;
    readonly closing: AbortSignal;
  }

  async function drive({ id, lease, before, stop, closing }: Drive): Promise<void> {
    const lost = new AbortController();
    const left = AbortSignal.any([closing, lost.signal]);
    const renewal = keepRenewed(lease, { lost, log, clock, tasks });
    let ended = false;
    try {
      await turnOrStop(before, AbortSignal.any([stop, left]));
      if (left.aborted) return;
      ended = await driveToEnd({ id, lease, stop, left });
    } catch (error) {
      // Whoever took over writes on; whoever starts next takes over what was left.
      if (!isStreamError(error, 'lease-lost') && !left.aborted) throw error;
    } finally {
      renewal.cancel();
      // Given up at once, so that whoever is next need not wait for the lease to run out.
      if (!ended) await abandon(lease);
    }
  }

  /** Whether the run has ended; false where it was left. */
  async function driveToEnd(run: { id: RunId; lease: Lease; stop: AbortSignal; left: AbortSignal }): Promise<boolean> {
    const { id, lease, stop, left } = run;
    const startedAtMs = clock.now();
    const conversation = await patiently(() => conversations.load(conversationOfRun(id)), { clock, signal: left });
    const found = runIn(conversation, id);
    telemetry({ type: 'run-start', run: id, model: found.model, takeover: found.status === 'running' });
    const ended = await driveRun({ conversation, run: found, lease, stopped: stop, left }, deps).catch(
      async (error: unknown) => {
        if (isStreamError(error, 'lease-lost') || left.aborted) throw error;
        telemetry({ type: 'background-failed', task: `run ${id}`, error });
        const message = 'The server failed in the middle of this answer. What had arrived is kept; ask again.';
        return await writeEnd({ ...found, status: 'failed', error: { code: 'internal-error', message } }, lease, deps);
      },
    );
    if (!hasEnded(ended.status)) return false;
    await log.leases.release(lease);
    const durationMs = clock.now() - startedAtMs;
    telemetry({ type: 'run-end', run: id, outcome: ended.status, durationMs });
    return true;
  }

  /** Drives those of the runs that nobody drives here; resolves with how many. */
  async function takeOver(ids: readonly RunId[]): Promise<number> {
    const claimed = await claimCut(
      ids.filter((id) => !handles.has(id)),
      { log, conversations, telemetry, abandon },
    );
    for (const { id, lease } of claimed) start(id, lease);
    return claimed.length;
  }

  async function stopHere(id: RunId): Promise<boolean> {
    const handle = handles.get(id);
    if (handle === undefined) return false;
    handle.stop.abort(new DOMException('The run was stopped', 'AbortError'));
    await handle.ended;
    return true;
  }

  return {
    async claim(id) {
      const lease = await log.leases.acquire(leaseNameOf(id), { ttlMs: leaseTtlMs });
      if (lease === null) throw new StreamError('lease-lost', `Expected to claim the new run ${id}, but it is taken.`);
      return lease;
    },
    start,
    async stop(id) {
      const conversation = await conversations.load(conversationOfRun(id)).catch((error: unknown) => {
        throw isStreamError(error, 'conversation-not-found') ? runNotFound(id) : error;
      });
      const run = runIn(conversation, id);
      if (hasEnded(run.status)) return run;
      if (!(await stopHere(id))) {
        // Between a crash and the takeover nobody drives it: then the stop itself does.
        const lease = await log.leases.acquire(leaseNameOf(id), { ttlMs: leaseTtlMs });
        if (lease === null) throw new StreamError('lease-lost', `The run ${id} is changing hands. Stop it again.`);
        // Under the lease nobody else ends it: only now is it certain that it has not ended.
        const current = runIn(await conversations.load(conversation.id), id);
        if (!hasEnded(current.status)) await writeEnd({ ...current, status: 'stopped' }, lease, deps);
        await log.leases.release(lease);
      }
      return runIn(await conversations.load(conversation.id), id);
    },
    abandon,
    async ensure(id) {
      if (!handles.has(id) && !tasks.isClosed) await takeOver([id]);
    },
    async recover() {
      const names = await log.leases.expired();
      return await takeOver(names.map((name) => name.replace(/^run:/, '')).filter(isRunId));
    },
    async close() {
      await tasks.close(
        new StreamError('shutting-down', 'The server is shutting down; the run is left to be taken over.'),
      );
    },
  };
}

/** Resolves when the runs before have ended, or the signal aborts. */
async function turnOrStop(before: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (before === undefined || signal.aborted) return;
  try {
    await abortable<void>(signal, (resolve) => {
      void before.then(resolve);
      return () => undefined;
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function runIn(conversation: Conversation, id: RunId): Run {
  const run = conversation.runs.find((candidate) => candidate.id === id);
  if (run === undefined) throw runNotFound(id);
  return run;
}

function runNotFound(id: string): StreamError {
  return new StreamError(
    'run-not-found',
    `Expected an existing run, but there is none with the id ${id}. A message's answer gives the id of its run.`,
  );
}
