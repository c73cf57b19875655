// The log: durable appends beside other stores, joining late, and what readers cost that stall.
// `npm run bench -- log append readers --seconds 3` measures some of it, and only prints it.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { aboutAppends, measureAppends, type Part } from './log/append-part.ts';
import { measureLateJoiner } from './log/late-joiner-part.ts';
import { findRedis, installLmdb } from './log/peers.ts';
import { describeDisk } from './log/place.ts';
import { measureReaders } from './log/readers-part.ts';
import { barChart } from './support/chart.ts';
import { describeRun } from './support/machine.ts';
import { smallFlags } from './support/server-flags.ts';

const { positionals, values } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    /** What is measured of a load. */
    seconds: { type: 'string', default: '10' },
    /** Only these stores, by their names in log/append.ts: `--stores verbatim,file`. */
    stores: { type: 'string' },
    /** Kinds of log whose readers are measured: `sqlite:` or `memory:`. */
    log: { type: 'string', default: 'sqlite:' },
  },
});

const partNames = ['append', 'sustained', 'late-joiner', 'readers'] as const;
const wrong = positionals.filter((name) => !partNames.some((known) => known === name));
if (wrong.length > 0) throw new Error(`Expected some of ${partNames.join(', ')}, got ${wrong.join(', ')}`);
const chosen = partNames.filter((name) => positionals.length === 0 || positionals.includes(name));
const isWhole = process.argv.length === 2;
// So that whatever was started is ended: that is done on exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const startedAtMs = performance.now();
const peers = { lmdb: installLmdb(), redis: findRedis() };
const appendOptions = { peers, log: values.log, seconds: Number(values.seconds), only: values.stores?.split(',') };

const measure: Readonly<Record<(typeof partNames)[number], () => Promise<Part>>> = {
  append: () => measureAppends({ streams: 1_000, appendsPerS: 50_000 }, appendOptions),
  sustained: () => measureAppends({ streams: 2_000, appendsPerS: 100_000 }, appendOptions),
  'late-joiner': () => measureLateJoiner(values.log),
  readers: () => measureReaders(values.log),
};

const parts = new Map<string, Part>();
for (const name of chosen) parts.set(name, await measure[name]());

const targets = [...parts.values()].flatMap((part) => part.targets);
const holding = targets.filter(({ holds }) => holds).length;
const sections = [
  `# The log

${describeRun('npm run bench -- log', [])}
- Stores: SQLite ${process.versions['sqlite']} of node:sqlite, lmdb ${peers.lmdb.version ?? 'not installed'}, Redis ${peers.redis.version ?? 'not found'}
- Data on: ${describeDisk()}
- V8: ${smallFlags.join(' ')}
- Took: ${((performance.now() - startedAtMs) / 60_000).toFixed(1)} minutes
`,
  ...(parts.has('append') || parts.has('sustained')
    ? [`## Durable appends\n\n${aboutAppends}\n![CPU time for an append, as bars](log.svg)\n`]
    : []),
  ...[...parts.values()].map(({ text }) => text),
  `## Targets

${targets.map(({ what, holds }) => `- ${holds ? 'holds' : '**does not hold**'}: ${what}`).join('\n')}

${holding} of ${targets.length} targets hold.
`,
];
const report = sections.join('\n');
process.stdout.write(report);
if (isWhole) {
  const results = new URL('results/', import.meta.url);
  const groups = [...parts.values()].flatMap(({ bars }) => (bars === undefined ? [] : [bars]));
  writeFileSync(new URL('log.md', results), report);
  writeFileSync(new URL('log.svg', results), barChart('CPU time for an append, µs: less is better', groups));
}
