// A clock that stands still until it is told to go on.
import { sleepOn, type Clock, type Timer } from '../core/clock.ts';

export interface FakeClock extends Clock {
  /** Moves the time on and fires what falls due, in order, letting promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Sets the time without firing anything, as when a machine's clock is corrected. */
  jump(toMs: number): void;
  /** How many timers wait. */
  readonly pending: number;
}

export function createFakeClock(startMs = 1_000_000): FakeClock {
  let nowMs = startMs;
  // Timers run by the time that passes, which a jump does not change.
  let elapsedMs = 0;
  const timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>();

  function nextDue(untilMs: number) {
    const due = [...timers].filter(({ dueMs }) => dueMs <= untilMs);
    return due.toSorted((a, b) => a.dueMs - b.dueMs)[0];
  }

  const clock: FakeClock = {
    now: () => nowMs,
    sleep: (ms, options) => sleepOn(clock, ms, options?.signal),
    setTimer(ms, callback): Timer {
      const timer = { dueMs: elapsedMs + ms, callback };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    get pending() {
      return timers.size;
    },
    jump(toMs) {
      nowMs = toMs;
    },
    async advance(ms) {
      const untilMs = elapsedMs + ms;
      await settle();
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer);
        nowMs += timer.dueMs - elapsedMs;
        elapsedMs = timer.dueMs;
        timer.callback();
        await settle();
      }
      nowMs += untilMs - elapsedMs;
      elapsedMs = untilMs;
    },
  };
  return clock;
}

/** Lets every promise that can settle without time or I/O do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 250; turn += 1) await Promise.resolve();
}
