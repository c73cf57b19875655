// A process that runs the server: started, crashed, paused, closed and started anew on the same disk.
import { createVerbatim, isStreamError, type TelemetryEvent, type Verbatim } from 'verbatim';
import type { Log } from 'verbatim/log';
import type { Chance } from './chance.ts';
import type { Lane, SimClock } from './clock.ts';
import type { Disk } from './disk.ts';
import { createModels, createTools, type ModelCalls } from './models.ts';
import type { Trace } from './trace.ts';

export interface Machine {
  readonly name: string;
  /** The process as it runs now; undefined between two. */
  readonly current: Process | undefined;
  /** Sees to it that a process runs, however often its start fails. */
  start(): void;
  /** Kills it, and starts another after a while. */
  crash(restartMs: number): void;
  /** Closes it in good order and starts another. */
  deploy(): void;
  pause(ms: number): void;
  /** For good. Resolves when it has closed. */
  close(): Promise<void>;
}

export interface Process {
  readonly name: string;
  readonly lane: Lane;
  /** Answers where it is up; a request that came while it starts waits. */
  readonly fetch: (request: Request) => Promise<Response>;
}

export interface MachineDeps {
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly disk: Disk;
  readonly isLocking: boolean;
  readonly graceMs: number;
  readonly calls: ModelCalls;
  /** What is put between the process and its disk. */
  readonly wrapLog: (log: Log, lane: Lane) => Log;
}

export function createMachine(name: string, deps: MachineDeps): Machine {
  const { clock, chance, trace, disk } = deps;
  let current: (Process & { readonly verbatim: Verbatim }) | undefined;
  let starting: Lane | undefined;
  let closing: Lane | undefined;
  let lives = 0;
  let isOver = false;

  function telemetry(event: TelemetryEvent): void {
    if (event.type !== 'background-failed' && event.type !== 'request-failed') return;
    const { error } = event;
    if (isStreamError(error) && error.code !== 'internal-error') return;
    trace.blame(`${name}: ${event.type}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  async function begin(lane: Lane): Promise<void> {
    const life = `${name}.${lives}`;
    try {
      if (deps.isLocking) await disk.lock();
      const log = deps.wrapLog(disk.open(lane), lane);
      const models = createModels({ clock: lane, calls: deps.calls, life });
      const options = { log, models, defaultModel: 'sim/go-on', graceMs: deps.graceMs, tools: createTools(lane) };
      const verbatim = await createVerbatim(options, { clock: lane, random: chance.fork(), telemetry });
      if (lane.isDead) return;
      trace.note(`${life} is up, ${verbatim.recovered} recovered`);
      starting = undefined;
      current = { name: life, lane, fetch: verbatim.fetch, verbatim };
    } catch (error) {
      if (!isStreamError(error)) trace.blame(`${life}: a start failed by ${String(error)}`);
      trace.note(`${life} could not start: ${String(error)}`);
      lane.kill();
      starting = undefined;
      startIn(500);
    }
  }

  function startIn(ms: number): void {
    clock.setTimer(ms, () => {
      if (!isOver && (current ?? starting ?? closing) === undefined) machine.start();
    });
  }

  function kill(lane: Lane | undefined): void {
    if (lane === undefined) return;
    lane.kill();
    disk.crash(lane);
  }

  async function closeCurrent(): Promise<void> {
    const last = current;
    current = undefined;
    if (last === undefined) return;
    const { lane, verbatim } = last;
    closing = lane;
    trace.note(`${last.name} closes`);
    await verbatim.close();
    trace.note(`${last.name} has closed`);
    // What its answers still wait for: some time to send their last bytes.
    await clock.sleep(2_000);
    // Where something hangs, as the disk may before the end, a close does not wait for it for ever.
    if (isOver && lane.pending > 0) trace.blame(`${last.name} has ${lane.pending} timers left after its close`);
    kill(lane);
    closing = undefined;
  }

  const machine: Machine = {
    name,
    get current() {
      return current;
    },
    start() {
      lives += 1;
      starting = clock.lane();
      void begin(starting);
    },
    crash(restartMs) {
      trace.note(`${name} crashes`);
      kill(current?.lane);
      kill(starting);
      kill(closing);
      current = undefined;
      starting = undefined;
      closing = undefined;
      startIn(restartMs);
    },
    deploy() {
      if (current === undefined) return;
      void closeCurrent().then(() => startIn(chance.between(0, 2_000)));
    },
    pause(ms) {
      const paused = current;
      if (paused === undefined) return;
      trace.note(`${paused.name} is paused for ${ms} ms`);
      paused.lane.pause();
      clock.setTimer(ms, () => {
        if (!paused.lane.isDead) trace.note(`${paused.name} goes on`);
        paused.lane.resume();
      });
    },
    async close() {
      isOver = true;
      kill(starting);
      kill(closing);
      await closeCurrent();
    },
  };
  return machine;
}
