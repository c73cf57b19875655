// A model for very many runs at once: each of its answers comes at a steady pace, and one timer paces
// them all, so that what is measured is what becomes of the pieces, and not a timer for each.
import type { Model, ModelRequest } from 'verbatim/models';
import { createPieces } from './pieces.ts';

export interface Pace {
  readonly runs: number;
  /** Of one answer. */
  readonly piecesPerS: number;
  readonly wordsAtOnce: number;
  /** Runs whose pieces are noted: every so many-th. */
  readonly sampledEvery: number;
}

/** When each piece was due and when it was given, by `machineMs`. */
export interface Sample {
  readonly run: number;
  readonly dueMs: number[];
  readonly givenMs: number[];
}

export interface PacedModel {
  readonly model: Model;
  /** Pieces given so far, by all runs. */
  readonly given: number;
  readonly givenBy: Uint32Array;
  readonly samples: readonly Sample[];
  /** Gives one answer to nobody. */
  run(run: number): Promise<void>;
  /** Every answer ends instead of its next piece. */
  end(): void;
}

/** Ms of one clock that all processes of the machine share. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

const tickMs = 5;

/** A run's number is the text that it is to answer. */
export function createPacedModel({ runs, piecesPerS, wordsAtOnce, sampledEvery }: Pace): PacedModel {
  const { pieceOf } = createPieces(wordsAtOnce);
  const intervalMs = 1_000 / piecesPerS;
  const maxAtOnce = Math.ceil((2 * tickMs) / intervalMs);
  const pacer = createPacer();
  const givenBy = new Uint32Array(runs);
  const samples: Sample[] = [];
  let given = 0;
  let isEnding = false;

  async function* stream(run: number) {
    const sample: Sample | undefined = run % sampledEvery === 0 ? { run, dueMs: [], givenMs: [] } : undefined;
    if (sample !== undefined) samples.push(sample);
    let dueMs = pacer.nowMs(); // The first at once.
    let atOnce = 0;
    for (let n = 0; !isEnding; n += 1) {
      // By the schedule, however late the one before was taken. What is behind it is made up for a little
      // at a time, as from a socket: the event loop turns in between.
      const isDue = dueMs <= pacer.nowMs();
      if (!isDue || atOnce === maxAtOnce) {
        await pacer.until(isDue ? pacer.nowMs() + tickMs : dueMs);
        atOnce = 0;
      }
      atOnce += 1;
      given += 1;
      givenBy[run] = n + 1;
      sample?.dueMs.push(dueMs);
      sample?.givenMs.push(machineMs());
      yield { type: 'text', text: pieceOf(n) } as const;
      dueMs += intervalMs;
    }
    yield { type: 'finish', reason: 'stop' } as const;
  }

  return {
    model: {
      id: 'bench/paced',
      name: 'Paced',
      demo: false,
      continuesPrefix: false,
      stream: (request) => stream(numberIn(request)),
    },
    get given() {
      return given;
    },
    givenBy,
    samples,
    async run(run) {
      for await (const _ of stream(run)); // oxlint-disable-line eslint/no-empty -- That is the nothing that is done.
    },
    end() {
      isEnding = true;
    },
  };
}

function numberIn({ messages }: ModelRequest): number {
  const [part] = messages.at(-1)?.parts ?? [];
  return Number(part?.type === 'text' ? part.text : NaN);
}

/** Wakes all who wait for a time, 5 ms at a time. */
function createPacer() {
  const waiting = new Map<number, Array<() => void>>();
  /** The last tick that has come. */
  let tick = Math.floor(machineMs() / tickMs);

  function turn(): void {
    for (const now = Math.floor(machineMs() / tickMs); tick < now;) {
      tick += 1;
      for (const wake of waiting.get(tick) ?? []) wake();
      waiting.delete(tick);
    }
    setTimeout(turn, Math.max(0, (tick + 1) * tickMs - machineMs()));
  }

  turn();
  return {
    nowMs: () => tick * tickMs,
    async until(dueMs: number): Promise<void> {
      await new Promise<void>((resolve) => {
        const due = Math.ceil(dueMs / tickMs);
        const others = waiting.get(due);
        if (others === undefined) waiting.set(due, [resolve]);
        else others.push(resolve);
      });
    },
  };
}
