// One timer for all who wait without hurry: heartbeats, deadlines and ages of ten thousand
// connections are ten thousand entries of a wheel, and one timer of the runtime.
import type { Timer, Timers } from './clock.ts';

const tickMs = 250; // Chosen: nothing that waits here is hurt by so much.

const wheels = new WeakMap<Timers, Timers>();

/**
 * The clock's timers at a resolution of 250 ms: they fire up to that much early, or late. All that
 * are asked for of one clock share a wheel, which turns while something waits.
 */
export function coarseTimers(clock: Timers): Timers {
  const known = wheels.get(clock);
  if (known !== undefined) return known;
  const wheel = createWheel(clock);
  wheels.set(clock, wheel);
  return wheel;
}

function createWheel(clock: Timers): Timers {
  const slots = new Map<number, Set<() => void>>();
  let tick = 0;
  let waiting = 0;
  let turning: Timer | undefined;

  function turn(): void {
    tick += 1;
    turning = clock.setTimer(tickMs, turn);
    const due = slots.get(tick);
    slots.delete(tick);
    for (const fire of due ?? []) {
      due?.delete(fire);
      waiting -= 1;
      fire();
    }
    stopIfIdle();
  }

  function stopIfIdle(): void {
    if (waiting > 0) return;
    turning?.cancel();
    turning = undefined;
  }

  return {
    now: () => clock.now(),
    setTimer(ms, callback) {
      const at = tick + Math.max(1, Math.ceil(ms / tickMs));
      const slot = slots.get(at) ?? new Set();
      slots.set(at, slot);
      const fire = (): void => callback(); // Each its own, that one callback may wait twice.
      slot.add(fire);
      waiting += 1;
      turning ??= clock.setTimer(tickMs, turn);
      return {
        cancel() {
          if (!slot.delete(fire)) return; // It has fired, or was cancelled before.
          waiting -= 1;
          if (slot.size === 0 && slots.get(at) === slot) slots.delete(at);
          stopIfIdle();
        },
      };
    },
  };
}
