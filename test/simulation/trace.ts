// What happened, line by line: the same for the same seed, and what a failure is explained by.
import type { SimClock } from './clock.ts';

export interface Trace {
  readonly lines: readonly string[];
  note(line: string): void;
  /** Something that must not be. */
  blame(problem: string): void;
  readonly problems: readonly string[];
}

export function createTrace(clock: SimClock): Trace {
  const lines: string[] = [];
  const problems: string[] = [];
  const startMs = clock.now();
  return {
    lines,
    problems,
    note: (line) => void lines.push(`${Math.round(clock.now() - startMs)} ${line}`),
    blame(problem) {
      problems.push(problem);
      lines.push(`${Math.round(clock.now() - startMs)} PROBLEM ${problem}`);
    },
  };
}
