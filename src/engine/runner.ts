// One run under one lease, from its beginning to its end.
import { isStreamError, StreamError } from '../core/errors.ts';
import { hasEnded, type Run } from '../conversation/run.ts';
import { writeAnswer } from './answer.ts';
import { beginRun, withUsageWhenCut } from './begin-run.ts';
import { createDrive, type Drive, type RunnerDeps, type RunTask } from './drive.ts';

/**
 * Drives the run to its end and gives it as it ended, or as it was left.
 * Errors: `lease-lost` when another process drives it now; the reason of `left`.
 */
export async function driveRun(task: RunTask, deps: RunnerDeps): Promise<Run> {
  if (hasEnded(task.run.status)) return task.run;
  const drive = createDrive(task, deps);
  try {
    return await driveOn(drive);
  } catch (error) {
    if (isStreamError(error, 'lease-lost') || task.left.aborted) throw error;
    return await drive.endFailed(task.run, error);
  }
}

async function driveOn(drive: Drive): Promise<Run> {
  const { run, stopped } = drive.task;
  const model = drive.deps.models.find(run.model);
  if (stopped.aborted || run.stop !== undefined) {
    const left = run.status === 'queued' ? run : withUsageWhenCut(run, drive.parts, model);
    return await drive.endStopped(left, drive.parts);
  }
  if (model === undefined) {
    const message = `Expected the model ${run.model}, but it is not there any more. Choose another and ask again.`;
    return await drive.endFailed(run, new StreamError('model-not-found', message));
  }
  const begun = await beginRun(drive, model);
  return 'run' in begun ? await writeAnswer(drive, model, begun) : begun;
}
