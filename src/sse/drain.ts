// The end of many streams, spread over time: before a server goes, its readers go one by one.
import { coarseTimers } from '../core/coarse-timers.ts';
import { systemTimers, type Timer, type Timers } from '../core/clock.ts';
import { systemChance, type Chance } from '../core/random.ts';

/** Give one to every writer of a server, in its options, and begin it when the server is to stop. */
export interface Drain {
  readonly isDraining: boolean;
  /**
   * Ends every stream at an event's boundary with a `retry` of its own, each at some moment within
   * `overMs`, and new ones at once. Resolves when all are closed; a reader that takes nothing is cut
   * off after its stream's write deadline.
   */
  begin(options: { readonly overMs: number }): Promise<void>;
  /** For writers: `end` is called when the stream is to end; what is returned, when it has closed. */
  join(end: () => void): () => void;
}

export function createDrain(deps: { clock?: Timers; random?: Chance } = {}): Drain {
  const { clock = systemTimers, random = systemChance } = deps;
  const timers = coarseTimers(clock);
  /** The streams that are open, each with the timer of its end once that is set. */
  const open = new Map<() => void, Timer | undefined>();
  const empty = Promise.withResolvers<void>();
  let isDraining = false;

  return {
    get isDraining() {
      return isDraining;
    },
    async begin({ overMs }) {
      if (!isDraining) {
        isDraining = true;
        for (const end of open.keys()) open.set(end, timers.setTimer(random.float() * overMs, end));
        if (open.size === 0) empty.resolve();
      }
      await empty.promise;
    },
    join(end) {
      const mine = (): void => end();
      open.set(mine, undefined);
      if (isDraining) end();
      return () => {
        open.get(mine)?.cancel();
        open.delete(mine);
        if (isDraining && open.size === 0) empty.resolve();
      };
    },
  };
}
