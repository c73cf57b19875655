// The beginning of a run in the log, or its beginning anew after it was cut.
import type { ConversationEvent } from '../conversation/event.ts';
import type { Part } from '../conversation/message.ts';
import type { Run, Usage } from '../conversation/run.ts';
import type { Drive } from './drive.ts';
import type { Model } from './model.ts';
import { reattachOf, type TakeUp } from './request.ts';
import { finishedParts } from './steps.ts';
import { planTakeover } from './takeover.ts';
import { addUsage, estimateOutput, priced } from './usage.ts';

export interface Begun {
  readonly run: Run;
  /** The answer so far. */
  readonly parts: readonly Part[];
  readonly takeUp: TakeUp | undefined;
}

/** Writes that the run has begun, or goes on; gives the run as it ended where it does not. */
export async function beginRun(drive: Drive, model: Model): Promise<Begun | Run> {
  const { run } = drive.task;
  if (run.status !== 'queued') return await takeOver(drive, model);
  const begun: Run = { ...run, status: 'running' };
  await drive.write([{ ...begun, type: 'run' }]);
  return { run: begun, parts: drive.parts, takeUp: undefined };
}

async function takeOver(drive: Drive, model: Model): Promise<Begun | Run> {
  const { parts, deps, task } = drive;
  const { conversation } = task;
  const reattach = await reattachOf(deps.log, { conversation: conversation.id, run: task.run, model });
  const run = withUsageWhenCut(task.run, parts, model);
  const policy = deps.takeover?.(run.model);
  const plan = planTakeover({ run, parts, model, reattach, policy, budget: deps.budget });
  if (plan.type === 'interrupt') return await drive.end(run, { status: 'interrupted' });
  if (plan.type === 'fail') return await drive.end(run, { status: 'failed', error: plan.error });
  const attempt = run.attempt + 1;
  // What its provider writes on is told, or estimated, whole at its end.
  const isReattached = plan.type === 'continue' && plan.reattach !== undefined;
  const begun: Run = { ...run, attempt, ...priced(isReattached ? task.run.usage : run.usage, model) };
  // The step was over, and only its tools were not: they are run, again where need be.
  const isContinued = run.isCalling === true || plan.type === 'continue';
  if (isContinued) {
    const seam = plan.type === 'continue' ? plan.seam : { part: parts.length, at: 0 };
    const sewn: Run = { ...begun, seams: [...(run.seams ?? []), { ...seam, attempt }] };
    await drive.write([{ ...sewn, type: 'run' }]);
    const takeUp = plan.type === 'continue' && run.isCalling !== true ? { reattach: plan.reattach } : undefined;
    return { run: sewn, parts, takeUp };
  }
  const { providerRun: _isOver, ...anew } = begun;
  const events: ConversationEvent[] = [{ ...anew, type: 'run' }];
  // Before the run, so that whoever sees the new attempt has nothing of the old one.
  if (parts.length > plan.parts) events.unshift({ type: 'reset', message: run.message, parts: plan.parts });
  await drive.write(events);
  return { run: anew, parts: parts.slice(0, plan.parts), takeUp: undefined };
}

/** What the attempt took that was cut is known to nobody else: estimated from what it wrote. */
function usageWhenCut(run: Run, parts: readonly Part[]): Usage | undefined {
  if (run.isCalling === true) return run.usage;
  const finished = finishedParts(parts);
  const seam = run.seams?.at(-1);
  const from = seam !== undefined && seam.part >= finished ? seam : { part: finished, at: 0 };
  const outputTokens = estimateOutput(parts, from);
  return outputTokens === 0 ? run.usage : addUsage(run.usage, { outputTokens, isEstimated: true });
}

/** The run with what the attempt took that was cut, as an estimate. */
export function withUsageWhenCut(run: Run, parts: readonly Part[], model: Model | undefined): Run {
  return { ...run, ...priced(usageWhenCut(run, parts), { price: model?.price }) };
}
