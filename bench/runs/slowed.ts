// A log whose appends are counted, and take longer than they would.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from 'verbatim/log';

export interface SlowedLog {
  readonly log: Log;
  readonly appends: number;
  /** How long each waits before it is made, from now on. Infinity: until another time is set. */
  setAppendMs(ms: number): void;
}

export function slowed(log: Log): SlowedLog {
  let appends = 0;
  let appendMs = 0;
  let changed = Promise.withResolvers<void>();
  return {
    get appends() {
      return appends;
    },
    setAppendMs(ms) {
      appendMs = ms;
      changed.resolve();
      changed = Promise.withResolvers();
    },
    log: {
      ...log,
      append(stream, entries, options) {
        appends += 1;
        if (appendMs === 0) return log.append(stream, entries, options);
        const waited = appendMs === Infinity ? changed.promise : sleep(appendMs);
        return waited.then(() => log.append(stream, entries, options));
      },
    },
  };
}
