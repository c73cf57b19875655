// What a run takes, as it goes: tokens, time, and the run's own record of them.
import type { Clock } from '../core/clock.ts';
import type { Part } from '../conversation/message.ts';
import type { Run, Usage } from '../conversation/run.ts';
import type { Model, ModelPart, ModelRequest } from './model.ts';
import { finishedParts } from './steps.ts';
import { addUsage, estimateInput, estimateOutput, priced } from './usage.ts';

export interface Meter {
  /** The run as it now is. */
  readonly run: Run;
  /** The model is asked; the answer has these parts. */
  asked(request: ModelRequest, parts: readonly Part[]): void;
  got(part: ModelPart): void;
  /** The model has ended a step. */
  finished(parts: readonly Part[]): void;
  /** Changes the run. */
  change(change: Partial<Run>): Run;
  /** The run with its figures; `parts`: where the model was cut off, what it had said. */
  end(parts?: readonly Part[]): Run;
}

export function createMeter(begun: Run, model: Model, clock: Clock): Meter {
  let run = begun;
  let askedAtMs = clock.now();
  let firstAtMs: number | undefined;
  let lastAtMs: number | undefined;
  let generatingMs = 0;
  /** Of this process. */
  let outputTokens = 0;
  let asking: { readonly input: () => number; readonly part: number; readonly at: number } | undefined;
  let told: Usage | undefined;

  /** Closes what was asked: with what the provider told, or an estimate. */
  function close(parts: readonly Part[]): void {
    if (asking === undefined) return;
    const { input, part, at } = asking;
    asking = undefined;
    const estimate = (): number => estimateOutput(parts, { part, at });
    const usage: Usage =
      told?.outputTokens === undefined
        ? { ...told, inputTokens: told?.inputTokens ?? input(), outputTokens: estimate(), isEstimated: true }
        : told;
    told = undefined;
    outputTokens += usage.outputTokens ?? 0;
    if (firstAtMs !== undefined && lastAtMs !== undefined) generatingMs += Math.max(0, lastAtMs - firstAtMs);
    firstAtMs = undefined;
    run = { ...run, ...priced(addUsage(run.usage, usage), model) };
  }

  return {
    get run() {
      return run;
    },
    asked(request, parts) {
      askedAtMs = clock.now();
      asking = { input: () => estimateInput(request), ...beginningOf(request, parts) };
    },
    got(part) {
      if (part.type === 'finish') told = part.usage;
      if (part.type === 'finish' || part.type === 'started') return;
      lastAtMs = clock.now();
      if (firstAtMs !== undefined) return;
      firstAtMs = lastAtMs;
      if (run.firstTokenMs === undefined) run = { ...run, firstTokenMs: Math.max(0, firstAtMs - askedAtMs) };
    },
    finished: close,
    change(change) {
      run = { ...run, ...change };
      return run;
    },
    end(parts = []) {
      close(parts);
      if (generatingMs > 0) run = { ...run, tokensPerS: Math.round((outputTokens * 10_000) / generatingMs) / 10 };
      return run;
    },
  };
}

/** Where what is asked for begins: of what its provider writes on, with the step. */
function beginningOf({ prefix, reattach }: ModelRequest, parts: readonly Part[]): { part: number; at: number } {
  if (reattach !== undefined) return { part: finishedParts(parts), at: 0 };
  return prefix === '' ? { part: parts.length, at: 0 } : { part: parts.length - 1, at: prefix.length };
}
