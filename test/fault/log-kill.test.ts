// A process that writes is killed at moments drawn by lot, again and again on one store. Whatever it
// had been told is durable, and whatever a reader had seen, is there for the next: that, and no half of
// anything. What SIGKILL cannot show is a loss of power, for the kernel keeps what was written: see
// log-power.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { createSeededRandom } from 'verbatim/testing';
import { startChild } from '../support/child.ts';
import { createHistory, type History } from './log/history.ts';
import type { End, Life, Report } from './log/reports.ts';

const kills = Number(process.env['VERBATIM_KILLS'] ?? 40);
const firstSeed = Number(process.env['VERBATIM_SEED'] ?? 20_261_124);
const livesOfStore = 20;
const lanes = 2; // So many stores at a time.

interface Ending {
  readonly end: End;
  /** The parent kills behind so many lines, where the writer has not done it before. */
  readonly lines: number;
}

/** How a life ends: by far the most in the midst of work. */
function drawEnding(below: (bound: number) => number): Ending {
  const lines = 1 + below(below(4) === 0 ? 3_000 : 300);
  switch (below(6)) {
    case 0:
      return { end: { type: 'acknowledged', count: 1 + below(200) }, lines: Infinity };
    case 1:
      return { end: { type: 'file-event', count: 1 + below(40) }, lines: Infinity };
    case 2:
      return { end: { type: 'closing', acknowledged: below(300), fileEvents: 1 + below(12) }, lines: Infinity };
    default:
      return { end: { type: 'by-parent' }, lines };
  }
}

/** One life, from start to death. Gives whether it was killed. */
async function live(life: Life, history: History, lines: number): Promise<boolean> {
  const child = startChild<Report>(new URL('log/writer.ts', import.meta.url), life);
  try {
    let taken = 0;
    for await (const report of child.messages) {
      history.take(report);
      taken += 1;
      if (taken === lines) child.process.kill('SIGKILL');
    }
  } finally {
    child.process.kill('SIGKILL');
  }
  const code = await child.exited;
  if (code !== null && code !== 0) throw new Error(`the writer failed: ${child.stderr()}`);
  return code === null;
}

interface Tally {
  kills: number;
  acknowledged: number;
  seen: number;
}

/** All lives of one store. */
async function torture(seed: number, tally: Tally): Promise<void> {
  const random = createSeededRandom(seed);
  const below = (bound: number): number => Math.floor(random.float() * bound);
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-kill-'));
  const path = join(folder, 'v.db');
  const history = createHistory(seed);
  for (let life = 1; life <= livesOfStore && tally.kills < kills; life += 1) {
    const { end, lines } = drawEnding(below);
    try {
      const killed = await live({ path, seed, end, ...history.begin() }, history, lines);
      if (killed) tally.kills += 1;
    } catch (error) {
      const how = `${JSON.stringify(end)}, ${lines} lines`;
      throw new Error(`seed ${seed}, life ${life} (${how}), in ${folder}: ${String(error)}`, { cause: error });
    }
  }
  // The last looks, and goes in peace.
  await live(
    { path, seed, end: { type: 'closing', acknowledged: 0, fileEvents: Infinity }, ...history.begin() },
    history,
    Infinity,
  );
  expect(integrityOf(path), `seed ${seed}`).toBe('ok');
  tally.acknowledged += history.figures.acknowledged;
  tally.seen += history.figures.seen;
  rmSync(folder, { recursive: true });
}

function integrityOf(path: string): unknown {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
}

it(
  '[LOG-CRASH] loses and doubles nothing that was acknowledged or seen, over kill -9 at moments drawn by lot',
  async () => {
    const tally: Tally = { kills: 0, acknowledged: 0, seen: 0 };
    const startMs = performance.now();
    let seed = firstSeed;
    async function lane(): Promise<void> {
      while (tally.kills < kills) await torture((seed += 1), tally);
    }
    await Promise.all(Array.from({ length: lanes }, lane));
    const seconds = (performance.now() - startMs) / 1_000;
    process.stdout.write(
      `${tally.kills} kills in ${seconds.toFixed(1)} s; ${tally.acknowledged} entries acknowledged, ` +
        `${tally.seen} seen by followers; 0 lost, 0 doubled. Seeds ${firstSeed + 1} to ${seed}.\n`,
    );
  },
  60_000 + kills * 8_000,
);
