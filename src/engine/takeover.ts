// How a run that was cut goes on: from where it is, anew, or not at all. Pure: what is to be done.
import { isGrowing, type Part } from '../conversation/message.ts';
import type { Run, RunError, Seam } from '../conversation/run.ts';
import type { Model, Reattach, TakeoverPolicy } from './model.ts';
import { finishedParts } from './steps.ts';

/** Bounds of what is spent on a run that is cut again and again. */
export interface TakeoverBudget {
  /** Default: 5. */
  readonly maxAttempts: number;
  /** What its attempts may have cost, in US dollars, where the model's price is known. Default: 1. */
  readonly maxCostUsd: number;
}

export const defaultTakeoverBudget: TakeoverBudget = {
  maxAttempts: 5, // Chosen: a deploy or two, and not a run that itself ends its process.
  maxCostUsd: 1, // Chosen: far beyond what one answer costs.
};

export type Takeover =
  | { readonly type: 'interrupt' }
  | { readonly type: 'fail'; readonly error: RunError }
  /** The message keeps so many of its parts, and the model is asked for what follows those. */
  | { readonly type: 'restart'; readonly parts: number }
  /** What there is stays: the model goes on in its last part, or is found where it is at work. */
  | { readonly type: 'continue'; readonly seam: Omit<Seam, 'attempt'>; readonly reattach: Reattach | undefined };

export interface CutRun {
  readonly run: Run;
  readonly parts: readonly Part[];
  readonly model: Model;
  /** Where the provider is at work on it. */
  readonly reattach: Reattach | undefined;
  /** Instead of the model's own. */
  readonly policy: TakeoverPolicy | undefined;
  readonly budget: TakeoverBudget;
}

export function planTakeover(cut: CutRun): Takeover {
  const { run, parts, model, budget } = cut;
  if (run.attempt >= budget.maxAttempts || (run.costUsd ?? 0) >= budget.maxCostUsd) {
    return { type: 'fail', error: { code: 'takeover-limit', message: spent(run) } };
  }
  const policy = cut.policy ?? model.takeover ?? 'continue';
  if (policy === 'interrupt') return { type: 'interrupt' };
  const finished = finishedParts(parts);
  if (policy === 'continue') {
    const last = parts.at(-1);
    const isOpen = last !== undefined && isGrowing(last);
    const seam = isOpen ? { part: parts.length - 1, at: last.text.length } : { part: parts.length, at: 0 };
    // Without a mark it is had from its beginning.
    const { reattach } = cut;
    if (reattach !== undefined && (reattach.mark !== undefined || parts.length === finished)) {
      return { type: 'continue', seam, reattach };
    }
    const isInText = last?.type === 'text' && parts.slice(finished).every((part) => part.type !== 'tool-call');
    if (model.continuesPrefix && isInText) return { type: 'continue', seam, reattach: undefined };
  }
  return { type: 'restart', parts: finished };
}

function spent({ attempt, costUsd }: Run): string {
  const cost = costUsd === undefined ? '' : `, ${costUsd.toFixed(2)} US dollars`;
  return `The answer was cut again and again (attempts: ${attempt}${cost}), and is given up. What had arrived is kept; ask again.`;
}
