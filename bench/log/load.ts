// A paced load: every 5 ms what is due is appended, whether or not what came before is durable.
// Measures the latency of each append, and CPU time and the event loop's delay of the whole process.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress, Store } from './store.ts';

export interface Load {
  readonly streams: number;
  /** Of all streams together. */
  readonly appendsPerS: number;
  /** Measured for so long, after what is not counted. */
  readonly seconds: number;
}

export interface LoadFigures {
  readonly reachedPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** For an append, of all threads and of processes that work for the store. */
  readonly cpuUs: number;
  /** Of the main thread; the 1 ms at which it is sampled is part of it. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly appended: number;
}

const tickMs = 5;
export const warmUpS = 2;
/** How much of the load may be in the works. A store that cannot keep up is measured at that, and not at a queue without end. */
export const maxInFlightS = 0.25;
/** How much of it a tick appends at most: what a pause held up is made up for over several. */
export const maxTickS = 0.02;
const maxDrainMs = 30_000;

export const maxAppendsOf = ({ appendsPerS, seconds }: Load): number =>
  Math.ceil(appendsPerS * (warmUpS + seconds + 2));

export interface Measurement {
  readonly progress: Progress;
  run(store: Store): Promise<LoadFigures>;
}

export function measureLoad(load: Load): Measurement {
  const maxAppends = maxAppendsOf(load);
  const startsMs = new Float64Array(maxAppends);
  const latenciesMs = new Float32Array(maxAppends);
  let settled = 0;
  let measured = 0;
  let isMeasuring = false;
  let sent = 0;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined); // Whoever waits for anything is told.

  function settleAt(n: number, nowMs: number): void {
    settled += 1;
    if (!isMeasuring) return;
    latenciesMs[measured] = nowMs - (startsMs[n] ?? NaN);
    measured += 1;
  }

  const progress: Progress = {
    settle(n) {
      settleAt(n, performance.now());
    },
    settleRange(from, to) {
      const nowMs = performance.now();
      for (let n = from; n < to; n += 1) settleAt(n, nowMs);
    },
    fail: failed.reject,
  };

  return {
    progress,
    async run(store) {
      const maxInFlight = load.appendsPerS * maxInFlightS;
      const startedAtMs = performance.now();
      const ticking = setInterval(() => {
        const due = Math.floor(((performance.now() - startedAtMs) / 1_000) * load.appendsPerS) - sent;
        const count = Math.min(due, load.appendsPerS * maxTickS, maxInFlight - (sent - settled), maxAppends - sent);
        if (count <= 0) return;
        startsMs.fill(performance.now(), sent, sent + count);
        sent += count;
        store.append(sent - count, count);
      }, tickMs);
      await Promise.race([sleep(warmUpS * 1_000), failed.promise]);
      const window = await startWindow(store);
      isMeasuring = true;
      const settledBefore = settled;
      await Promise.race([sleep(load.seconds * 1_000), failed.promise]);
      isMeasuring = false;
      const settledWithin = settled - settledBefore;
      const { elapsedS, cpuUs, loopDelayP99Ms, loopDelayMaxMs } = await window.end();
      clearInterval(ticking);
      const drained = AbortSignal.timeout(maxDrainMs);
      while (settled < sent && !drained.aborted) await Promise.race([sleep(20), failed.promise]);
      if (settled < sent)
        throw new Error(`${sent - settled} of ${sent} appends were not durable after ${maxDrainMs} ms`);
      const sorted = latenciesMs.subarray(0, measured).toSorted();
      const quantile = (q: number): number => sorted[Math.min(measured - 1, Math.floor(measured * q))] ?? NaN;
      return {
        reachedPerS: settledWithin / elapsedS,
        p50Ms: quantile(0.5),
        p99Ms: quantile(0.99),
        maxMs: quantile(1),
        cpuUs: cpuUs / settledWithin,
        loopDelayP99Ms,
        loopDelayMaxMs,
        appended: sent,
      };
    },
  };
}

interface Window {
  end(): Promise<{ elapsedS: number; cpuUs: number; loopDelayP99Ms: number; loopDelayMaxMs: number }>;
}

async function startWindow(store: Store): Promise<Window> {
  const elsewhereBefore = (await store.cpuUsElsewhere?.()) ?? 0;
  const loopDelay = monitorEventLoopDelay({ resolution: 1 });
  loopDelay.enable();
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  return {
    async end() {
      const elapsedS = (performance.now() - startedAtMs) / 1_000;
      const { user, system } = process.cpuUsage(cpuBefore);
      loopDelay.disable();
      const elsewhere = ((await store.cpuUsElsewhere?.()) ?? 0) - elsewhereBefore;
      return {
        elapsedS,
        cpuUs: user + system + elsewhere,
        loopDelayP99Ms: loopDelay.percentile(99) / 1e6,
        loopDelayMaxMs: loopDelay.max / 1e6,
      };
    },
  };
}
