// Thousands of answers at once: what they cost, how soon their readers have them, and what becomes of
// memory where the store is slower than the models.
// `npm run bench -- runs steady --runs 200 --seconds 5` measures some of it, and only prints it.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeDisk } from './log/place.ts';
import { measureCells, type Part } from './runs/part.ts';
import { slowCells, slowPart } from './runs/slow-part.ts';
import { steadyCells, steadyPart } from './runs/steady-part.ts';
import { barChart } from './support/chart.ts';
import { describeRun } from './support/machine.ts';
import { serverFlags } from './support/server-flags.ts';

const { positionals, values } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    /** Runs at once, of each load. */
    runs: { type: 'string', default: '1000,5000' },
    /** What is measured of a load. */
    seconds: { type: 'string', default: '10' },
    /** Over so many seconds the messages are sent. */
    ramp: { type: 'string', default: '10' },
  },
});

const partNames = ['steady', 'slow'] as const;
const wrong = positionals.filter((name) => !partNames.some((known) => known === name));
if (wrong.length > 0) throw new Error(`Expected some of ${partNames.join(', ')}, got ${wrong.join(', ')}`);
const chosen = partNames.filter((name) => positionals.length === 0 || positionals.includes(name));
const isWhole = process.argv.length === 2;
// So that whatever was started is ended: that is done on exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const startedAtMs = performance.now();
const size = {
  runs: values.runs.split(',').map(Number),
  seconds: Number(values.seconds),
  rampS: Number(values.ramp),
};

const measure: Readonly<Record<(typeof partNames)[number], () => Promise<Part>>> = {
  steady: async () => steadyPart(await measureCells(steadyCells(size))),
  slow: async () => slowPart(await measureCells(slowCells(size))),
};

const parts: Part[] = [];
for (const name of chosen) parts.push(await measure[name]());

const targets = parts.flatMap((part) => part.targets);
const groups = parts.flatMap(({ bars }) => (bars === undefined ? [] : [bars]));
const report = `# Runs

${describeRun('npm run bench -- runs', [])}
- Store: SQLite ${process.versions['sqlite']} of node:sqlite, on ${describeDisk()}
- V8, as of \`npm start\`: ${serverFlags.join(' ')}
- Measured: ${values.seconds} s of each load, after ${values.ramp} s in which its messages are sent
- Took: ${((performance.now() - startedAtMs) / 60_000).toFixed(1)} minutes

${groups.length > 0 ? '![Cores at work, as bars](runs.svg)\n\n' : ''}${parts.map(({ text }) => text).join('\n')}
## Targets

${targets.map(({ what, holds }) => `- ${holds ? 'holds' : '**does not hold**'}: ${what}`).join('\n')}

${targets.filter(({ holds }) => holds).length} of ${targets.length} targets hold.
`;
process.stdout.write(report);
if (isWhole) {
  const results = new URL('results/', import.meta.url);
  writeFileSync(new URL('runs.md', results), report);
  writeFileSync(new URL('runs.svg', results), barChart('Cores at work: less is better', groups));
}
