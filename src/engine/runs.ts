// The runs that this process drives: started, queued behind those whose answers they follow, stopped,
// handed over. One lease a run, renewed for as long as it is here.
import { isStreamError, StreamError } from '../core/errors.ts';
import { conversationOfRun, type RunId } from '../core/ids.ts';
import { createTaskGroup } from '../core/task-group.ts';
import { hasEnded, type Run, type StopRequest } from '../conversation/run.ts';
import type { RunnerDeps } from './drive.ts';
import { loadRun, runIn } from './find-run.ts';
import { patiently } from './patiently.ts';
import { createRecovery } from './recover.ts';
import { createClaims, leaseTtlMs, type Claim } from './run-lease.ts';
import { driveRun } from './runner.ts';
import { isStopLogged, logStop } from './stop.ts';
import { turnOf } from './turn.ts';

export interface Runs {
  /** How many runs are driven here, those in a queue included. */
  readonly live: number;
  /** Takes the lease of a run that is about to be written to the log, and keeps it renewed. */
  claim(run: RunId): Promise<Claim>;
  /** Ends the claim of a run that is not in the log and never will be. */
  withdraw(claim: Claim): Promise<void>;
  /** Drives a claimed run that is in the log, after those whose answers it follows. */
  start(claim: Claim): void;
  /** Gives a claim up whose run may or may not be in the log: whoever looks next finds out. Never rejects. */
  abandon(claim: Claim): Promise<void>;
  /** Sees to it that somebody drives a run that is in the log. */
  ensure(run: RunId): Promise<void>;
  /**
   * Ends the run as `stopped` where it has not ended; resolves with the run as it then is. The first
   * stop that is in the log counts. Errors: `run-not-found`; `lease-lost` where nobody comes to end it.
   */
  stop(run: RunId, request?: StopRequest): Promise<Run>;
  /** Takes over every run whose process is gone, and goes on to look for such. Resolves with how many. */
  recover(): Promise<number>;
  /** Leaves every run to be taken over, and resolves when none is driven here. */
  close(): Promise<void>;
}

export interface RunsDeps extends RunnerDeps {
  /** Called when a run has ended here. */
  readonly onEnd: (run: Run) => void;
}

const stopRetryMs = 100; // Chosen: a run that changes hands is soon driven again.
const maxStopTries = (2 * leaseTtlMs) / stopRetryMs; // Until its lease has run out and somebody took it.

interface Handle {
  readonly stop: AbortController;
  /** What was asked for with the first stop that came here. */
  request: StopRequest | undefined;
  readonly ended: Promise<void>;
}

export function createRuns(deps: RunsDeps): Runs {
  const { log, conversations, clock, telemetry } = deps;
  const handles = new Map<RunId, Handle>();
  const tasks = createTaskGroup((error) => telemetry({ type: 'background-failed', task: 'run', error }));
  const claims = createClaims({ log, clock, telemetry, tasks, whenRenewed: lookForStop });
  const recovery = createRecovery({ log, conversations, clock, telemetry, claims, tasks, start });
  const closing = new AbortController();

  function start(claim: Claim): void {
    if (tasks.isClosed) {
      void claims.abandon(claim);
      return;
    }
    const id = claim.run;
    const ended = Promise.withResolvers<void>();
    const handle: Handle = { stop: new AbortController(), request: undefined, ended: ended.promise };
    handles.set(id, handle);
    tasks.start(async () => {
      try {
        await drive(claim, handle);
      } finally {
        if (handles.get(id) === handle) handles.delete(id);
        ended.resolve();
      }
    });
  }

  async function drive(claim: Claim, handle: Handle): Promise<void> {
    const left = AbortSignal.any([closing.signal, claim.lost]);
    try {
      if (await driveToEnd(claim, { handle, left })) return await claims.release(claim);
    } catch (error) {
      if (!isStreamError(error, 'lease-lost') && !left.aborted) {
        await claims.abandon(claim);
        throw error;
      }
    }
    // Given up at once, so that whoever is next need not wait for the lease to run out.
    await claims.abandon(claim);
    // Whoever has the lease now writes on. Where that was somebody who did not find the run, for it was not
    // yet written, nobody has it.
    if (!closing.signal.aborted) tasks.start(async () => void (await recovery.takeOver([claim.run])));
  }

  /** Whether the run has ended; false where it was left. */
  async function driveToEnd(
    { run: id, lease }: Claim,
    { handle, left }: { handle: Handle; left: AbortSignal },
  ): Promise<boolean> {
    const startedAtMs = clock.now();
    const stopped = handle.stop.signal;
    const first = await patiently(() => conversations.load(conversationOfRun(id)), { clock, signal: left });
    // Where it is stopped in the queue it ends before its turn.
    const waiting = { id, log, conversations, clock, signal: AbortSignal.any([stopped, left]) };
    const conversation = await turnOf(first, waiting);
    if (left.aborted) return false;
    const run = runIn(conversation, id);
    telemetry({ type: 'run-start', run: id, model: run.model, takeover: run.status === 'running' });
    const stopRequest = (): StopRequest | undefined => handle.request;
    const ended = await driveRun({ conversation, run, lease, stopped, stopRequest, left }, deps);
    if (!hasEnded(ended.status)) return false;
    telemetry({ type: 'run-end', run: id, outcome: ended.status, durationMs: clock.now() - startedAtMs });
    deps.onEnd(ended);
    return true;
  }

  function stopHandle({ stop }: Handle): void {
    stop.abort(new DOMException('The run was stopped', 'AbortError'));
  }

  /** A stop that another process took is in the log, and known to nobody here. */
  async function lookForStop(id: RunId): Promise<void> {
    const handle = handles.get(id);
    if (handle === undefined || handle.stop.signal.aborted) return;
    if (await isStopLogged(log, id)) stopHandle(handle);
  }

  /** Ends the run where it is driven here: at once, also while the store is slow to take the stop. */
  async function stopHere(id: RunId, request: StopRequest): Promise<void> {
    const handle = handles.get(id);
    if (handle === undefined) return;
    handle.request ??= request;
    stopHandle(handle);
    await handle.ended;
  }

  return {
    get live() {
      return handles.size;
    },
    async claim(id) {
      const claim = await claims.take(id);
      if (claim !== undefined) return claim;
      throw new StreamError('lease-lost', `Expected to claim the new run ${id}, but it is taken.`);
    },
    withdraw: claims.release,
    start,
    abandon: claims.abandon,
    async ensure(id) {
      if (!handles.has(id)) await recovery.takeOver([id]);
    },
    async stop(id, request = {}) {
      // What is driven here is in the log and has not ended; to read it first would make the model wait.
      if (!handles.has(id)) {
        const run = await loadRun(conversations, id);
        if (hasEnded(run.status)) return run;
      }
      // In the log before the run's end, under a key: whoever drives the run, the first stop counts.
      const logged = logStop(log, id, request);
      for (let tries = 1; ; tries += 1) {
        await Promise.all([stopHere(id, request), logged]);
        const run = await loadRun(conversations, id);
        if (hasEnded(run.status) || closing.signal.aborted) return run;
        if (tries === maxStopTries)
          throw new StreamError('lease-lost', `The run ${id} is changing hands. Stop it again.`);
        // Between a crash and the takeover nobody drives it: then it is taken over now, to be ended.
        const claim = await claims.take(id);
        if (claim === undefined) await clock.sleep(stopRetryMs, { signal: closing.signal });
        else start(claim);
      }
    },
    recover: recovery.start,
    async close() {
      recovery.end();
      const reason = new StreamError('shutting-down', 'The server is shutting down; the run is left to be taken over.');
      closing.abort(reason);
      await tasks.close(reason);
    },
  };
}
