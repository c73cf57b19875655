// Whole worlds on one clock: server processes, a disk, a network, people with the client's own SDK, and
// what goes wrong among them, all decided by a seed. What must hold in each is oracle.ts's.
//
// VERBATIM_SEEDS=10000 tries as many; VERBATIM_SEED=7 only that one, and shows all that happened.
import { describe, expect, it } from 'vitest';
import { brokenBuilds } from './broken.ts';
import { simulate, type Outcome } from './world.ts';

const seeds = Number(process.env['VERBATIM_SEEDS'] ?? 600);
const onlySeed = process.env['VERBATIM_SEED'];
const maxTraceLines = 60; // Of a failure, the last.
const maxBrokenSeeds = 200;

/** What must come about again and again, or the worlds prove less than they seem to. */
const occurrences: readonly RegExp[] = [
  /process \d crashes/,
  /is paused for/,
  /closes$/,
  /could not start/,
  /[1-9] recovered/,
  /disk: .* refused/,
  /disk: .* answer lost/,
  /net stalls/,
  /net \d+ .* again POST/,
  /net \d+ .* answer lost/,
  /behind ".+"/,
  / reset /,
  / trim /,
  / stop .*"seen"/,
  /"status":"stopped"/,
  /"status":"failed"/,
  /"status":"interrupted"/,
  /"type":"tool-result"/,
  /"type":"reasoning"/,
  /"leaf"/,
  /message-removed/,
  /deletedAtMs/,
  /failed: conversation-busy/,
];

describe('the simulation', () => {
  it('ends well, whatever goes wrong', { timeout: 60_000 + seeds * 500 }, async () => {
    const [first, last] = onlySeed === undefined ? [1, seeds] : [Number(onlySeed), Number(onlySeed)];
    for (let seed = first; seed <= last; seed += 1) {
      const outcome = await simulate(seed);
      if (onlySeed !== undefined) process.stdout.write(`${outcome.trace.join('\n')}\n`);
      if (outcome.problems.length > 0) expect.fail(report(outcome));
    }
  });

  it('is the same for the same seed, also where it waits longer for what needs no time', async () => {
    for (const seed of [3, 14, 15, 92]) {
      const { trace } = await simulate(seed);
      expect((await simulate(seed, { turns: 4 })).trace, `seed ${seed}`).toEqual(trace);
    }
  });

  it('meets what it is about', async () => {
    const lines: string[] = [];
    for (let seed = 1; seed <= 100; seed += 1) lines.push(...(await simulate(seed)).trace);
    for (const pattern of occurrences) {
      expect(lines.filter((line) => pattern.test(line)).length, String(pattern)).toBeGreaterThan(2);
    }
  });

  it.each(brokenBuilds)('catches: $name', { timeout: 120_000 }, async (build) => {
    for (let seed = 1; seed <= maxBrokenSeeds; seed += 1) {
      const { problems } = await simulate(seed, { build });
      if (problems.length === 0) continue;
      process.stdout.write(`${build.name}: caught by seed ${seed}: ${problems[0]?.slice(0, 200)}\n`);
      return;
    }
    expect.fail(`Expected one of ${maxBrokenSeeds} seeds to catch "${build.name}".`);
  });
});

function report({ seed, plan, problems, trace }: Outcome): string {
  return [
    `seed ${seed} (VERBATIM_SEED=${seed} shows all of it):`,
    ...problems.slice(0, 5).map((problem) => `  ${problem.slice(0, 1_000)}`),
    `its plan: ${JSON.stringify(plan)}`,
    `the last of ${trace.length} lines:`,
    ...trace.slice(-maxTraceLines).map((line) => `  ${line.slice(0, 200)}`),
  ].join('\n');
}
