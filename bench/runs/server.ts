// The server of very many runs, in a process of its own: it answers over HTTP, and tells the parent of
// its CPU time, its memory and its event loop.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { createVerbatim } from 'verbatim';
import { openLog } from 'verbatim/log';
import { createCatalogue } from 'verbatim/models';
import { createPacedModel, type Pace, type Sample } from './model.ts';
import { slowed } from './slowed.ts';

export interface ServerTask extends Pace {
  /** `nothing`: the models alone are at work, and what they say goes nowhere. */
  readonly log: 'sqlite:' | 'memory:' | 'nothing';
  readonly folder: string;
}

/** What the parent asks. */
export type Ask =
  /** Memory in use after a full collection. */
  | 'memory'
  /** A run of the models alone begins. */
  | 'begin-run'
  | 'begin-window'
  | 'end-window'
  /** From now on each append takes so long; null: for as long as that. */
  | { readonly appendMs: number | null }
  /** Every answer ends. Answered when all have. */
  | 'end-runs';

export interface Memory {
  /** Heap and buffers. */
  readonly liveBytes: number;
  readonly rssBytes: number;
}

export interface WindowFigures {
  readonly elapsedS: number;
  readonly cores: number;
  readonly givenPerS: number;
  /** In the second half. */
  readonly givenPerSLater: number;
  readonly appendsPerS: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Each second. */
  readonly rssBytes: readonly number[];
}

export interface RunsEnded {
  readonly givenBy: readonly number[];
  readonly outcomes: Readonly<Record<string, number>>;
  readonly samples: readonly Sample[];
  readonly mostRssBytes: number;
}

const task = JSON.parse(process.argv[2] ?? '') as ServerTask; // As load.ts starts it.
const paced = createPacedModel(task);
const outcomes: Record<string, number> = {};
let ended = 0;
let onEnd: (() => void) | undefined;

function countEnd(outcome: string): void {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  ended += 1;
  onEnd?.();
}

const store = task.log === 'nothing' ? undefined : slowed(await openStore(task.log));

async function openStore(kind: 'sqlite:' | 'memory:') {
  return await openLog(kind === 'memory:' ? kind : kind + join(task.folder, 'verbatim.db'));
}

async function listen(): Promise<number> {
  if (store === undefined) return 0;
  const verbatim = await createVerbatim(
    // Titles would be asked for too, of the same model.
    { log: store.log, models: createCatalogue([paced.model]), defaultModel: paced.model.id, titles: false },
    {
      telemetry(event) {
        if (event.type === 'run-end') countEnd(event.outcome);
        if (event.type === 'background-failed' || event.type === 'request-failed')
          process.stderr.write(`${String(event.error)}\n`);
      },
    },
  );
  const server = createServer(verbatim.node);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // On TCP, so it has one.
}

let begun = 0;
let endWindow: (() => WindowFigures) | undefined;

async function answer(ask: Ask): Promise<unknown> {
  if (typeof ask === 'object') {
    store?.setAppendMs(ask.appendMs ?? Infinity);
    return true;
  }
  switch (ask) {
    case 'memory':
      return await memory();
    case 'begin-run':
      void paced.run(begun).then(() => countEnd('done'));
      begun += 1;
      return true;
    case 'begin-window':
      endWindow = beginWindow();
      return true;
    case 'end-window':
      return endWindow?.();
    case 'end-runs':
      paced.end();
      return await new Promise<RunsEnded>((resolve) => {
        onEnd = () => {
          if (ended < task.runs) return;
          const { givenBy, samples } = paced;
          const mostRssBytes = process.resourceUsage().maxRSS * 1_024;
          resolve({ givenBy: [...givenBy], outcomes, samples, mostRssBytes });
        };
        onEnd();
      });
  }
}

function beginWindow(): () => WindowFigures {
  const loopDelay = monitorEventLoopDelay({ resolution: 1 });
  loopDelay.enable();
  const rssBytes: number[] = [process.memoryUsage.rss()];
  const startedAtMs = performance.now();
  const givenAt = [paced.given];
  const sampling = setInterval(() => {
    rssBytes.push(process.memoryUsage.rss());
    givenAt.push(paced.given);
  }, 1_000);
  const appendsBefore = store?.appends ?? 0;
  const cpuBefore = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpuBefore);
    const elapsedS = (performance.now() - startedAtMs) / 1_000;
    clearInterval(sampling);
    loopDelay.disable();
    const given = paced.given - (givenAt[0] ?? 0);
    const half = Math.ceil(givenAt.length / 2);
    const later = givenAt.slice(half);
    return {
      elapsedS,
      cores: (user + system) / 1e6 / elapsedS,
      givenPerS: given / elapsedS,
      givenPerSLater: ((later.at(-1) ?? 0) - (later[0] ?? 0)) / Math.max(1, later.length - 1),
      appendsPerS: ((store?.appends ?? 0) - appendsBefore) / elapsedS,
      loopDelayP99Ms: loopDelay.percentile(99) / 1e6,
      loopDelayMaxMs: loopDelay.max / 1e6,
      rssBytes,
    };
  };
}

async function memory(): Promise<Memory> {
  for (let round = 0; round < 2; round += 1) {
    await turn();
    globalThis.gc?.();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { liveBytes: heapUsed + external, rssBytes: rss };
}

process.once('disconnect', () => process.exit());
process.on('message', (ask: Ask) => {
  void answer(ask).then((value) => process.send?.(value));
});
process.send?.(await listen());
