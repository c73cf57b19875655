// Time, passed in wherever it is needed so that tests can turn it by hand.
import { abortable } from './abort.ts';

/** A timer that has not fired yet. */
export interface Timer {
  /** Makes sure that the timer never fires. May be called at any time, more than once. */
  cancel(): void;
}

/** Where a layer gets the time from. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z. May jump: never subtract two to measure safety. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Calls `callback` once after `ms`. */
  setTimer(ms: number, callback: () => void): Timer;
}

/** The part of a clock that the wire needs: browsers load no more than that. */
export type Timers = Pick<Clock, 'now' | 'setTimer'>;

const maxTimeoutMs = 2 ** 31 - 1; // [whatwg-html 8.6]: a timeout is a 32-bit signed integer.

/** The runtime's own timers. */
export const systemTimers: Timers = {
  now: () => Date.now(),
  setTimer(ms, callback) {
    let handle: ReturnType<typeof setTimeout>;
    // A runtime's timer fires at once where it is asked for more than it can hold, as by a server's
    // `retry: 99999999999`. So a long wait is made of several.
    function wait(leftMs: number): void {
      if (leftMs <= maxTimeoutMs) handle = setTimeout(callback, leftMs);
      else handle = setTimeout(() => wait(leftMs - maxTimeoutMs), maxTimeoutMs);
    }
    wait(ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** The runtime's own clock. */
export const systemClock: Clock = {
  ...systemTimers,
  sleep: (ms, options) => sleepOn(systemTimers, ms, options?.signal),
};

/** `Clock.sleep` by `Clock.setTimer`, shared by every clock. */
export async function sleepOn(clock: Timers, ms: number, signal: AbortSignal | undefined): Promise<void> {
  await abortable<void>(signal, (resolve) => {
    const timer = clock.setTimer(ms, resolve);
    return () => timer.cancel();
  });
}
