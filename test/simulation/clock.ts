// The one clock of a simulated world. Time stands still until everything that can happen without it
// has happened, then goes on to the next timer. Each process and each client has a lane of it, which
// can be paused like a process that is stopped, or ended like one that is killed.
import type { Clock, Timer } from '../../src/core/clock.ts';

export interface SimClock extends Clock {
  /** Goes on until the time is reached, or `isDone` says so. */
  runFor(ms: number, isDone?: () => boolean): Promise<void>;
  lane(): Lane;
}

/** The time as one process has it. */
export interface Lane extends Clock {
  readonly isDead: boolean;
  /** Aborts when it dies. */
  readonly died: AbortSignal;
  /** How many of its timers wait. */
  readonly pending: number;
  /** What comes from outside: done now, or when the process goes on, or never where it is dead. */
  enter(arrive: () => void): void;
  pause(): void;
  resume(): void;
  kill(): void;
}

interface Waiting {
  readonly dueMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

const startMs = 1_000_000;

export function createSimClock(turns = 1): SimClock {
  const queue = createQueue();
  let nowMs = startMs;
  let order = 0;

  const clock: SimClock = {
    now: () => nowMs,
    sleep: (ms, options) => sleepOn(clock, ms, options?.signal ?? undefined),
    setTimer(ms, callback) {
      const waiting: Waiting = { dueMs: nowMs + Math.max(0, ms), order: (order += 1), callback };
      queue.push(waiting);
      return { cancel: () => void (waiting.callback = undefined) };
    },
    async runFor(ms, isDone = () => false) {
      const untilMs = nowMs + ms;
      await settle(turns);
      while (!isDone()) {
        const next = queue.first();
        if (next === undefined || next.dueMs > untilMs) {
          nowMs = untilMs;
          return;
        }
        queue.shift();
        nowMs = Math.max(nowMs, next.dueMs);
        if (next.callback === undefined) continue;
        next.callback();
        await settle(turns);
      }
    },
    lane: () => createLane(clock),
  };
  return clock;
}

function createLane(clock: SimClock): Lane {
  const death = new AbortController();
  const held: Array<() => void> = [];
  let isPaused = false;
  let pending = 0;

  const lane: Lane = {
    died: death.signal,
    get isDead() {
      return death.signal.aborted;
    },
    get pending() {
      return pending;
    },
    now: () => clock.now(),
    sleep: (ms, options) => sleepOn(lane, ms, options?.signal ?? undefined),
    setTimer(ms, callback) {
      let isOver = false;
      const end = (): boolean => {
        if (isOver) return false;
        isOver = true;
        pending -= 1;
        return true;
      };
      pending += 1;
      const timer = clock.setTimer(ms, () => lane.enter(() => end() && callback()));
      return {
        cancel() {
          end();
          timer.cancel();
        },
      };
    },
    enter(arrive) {
      if (lane.isDead) return;
      if (isPaused) held.push(arrive);
      else arrive();
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      // Each on its own: a process that wakes finds one thing after another.
      for (const arrive of held.splice(0)) clock.setTimer(0, () => lane.enter(arrive));
    },
    kill() {
      held.length = 0;
      death.abort();
    },
  };
  return lane;
}

/** As `Clock.sleep` of the product, of which this is no part. */
async function sleepOn(clock: Pick<Clock, 'setTimer'>, ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  let timer: Timer | undefined;
  let onAbort: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      onAbort = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', onAbort, { once: true });
      timer = clock.setTimer(ms, resolve);
    });
  } finally {
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    timer?.cancel();
  }
}

const nextTurn = globalThis.setImmediate;

/**
 * Lets everything happen that needs no time. Promises and the runtime's streams do all in microtasks
 * and `process.nextTick`, and the event loop turns only when none of those is left: so one turn is
 * idle. simulation.test.ts proves it, by more turns that change nothing.
 */
async function settle(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise<void>((resolve) => {
      nextTurn(resolve);
    });
  }
}

/** A binary heap, the earliest first; of one time, in the order in which they were set. */
function createQueue() {
  const heap: Waiting[] = [];
  const isBefore = (a: Waiting, b: Waiting): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

  function swap(a: number, b: number): void {
    const kept = heap[a] as Waiting; // Both are within it.
    heap[a] = heap[b] as Waiting;
    heap[b] = kept;
  }

  function isSwapped(child: number, parent: number): boolean {
    const [below, above] = [heap[child], heap[parent]];
    if (below === undefined || above === undefined || !isBefore(below, above)) return false;
    swap(child, parent);
    return true;
  }

  return {
    first: (): Waiting | undefined => heap[0],
    push(waiting: Waiting): void {
      heap.push(waiting);
      for (let at = heap.length - 1; at > 0 && isSwapped(at, (at - 1) >> 1);) at = (at - 1) >> 1;
    },
    shift(): void {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return;
      heap[0] = last;
      for (let at = 0; ;) {
        const [left, right] = [at * 2 + 1, at * 2 + 2];
        const other = heap[right];
        const first = heap[left];
        const least = other !== undefined && first !== undefined && isBefore(other, first) ? right : left;
        if (!isSwapped(least, at)) return;
        at = least;
      }
    },
  };
}
