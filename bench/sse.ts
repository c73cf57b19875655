// The SSE layer beside its peers: parsers, the whole way from a fetched body to events, encoders.
// Prints the tables and which targets hold, and leaves both in bench/results/.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { encodersOf, eventsToEncode } from './sse/encoders.ts';
import { buildInput, inputNames, type Input, type InputName } from './sse/inputs.ts';
import { parsersOf } from './sse/parsers.ts';
import { jsonReadersOf, readersOf, respondWith, type Open } from './sse/readers.ts';
import { verdictOn } from './sse/verdict.ts';
import { barChart, type BarGroup } from './support/chart.ts';
import { describeRun } from './support/machine.ts';
import { measure, type Measured } from './support/measure.ts';
import { eventUs, tableOf, type Group } from './support/report.ts';

const results = new URL('results/', import.meta.url);
const peers = ['eventsource-parser', 'eventsource', 'fetch-event-stream', 'openai'];
// The plumbing of streams takes some passes until all of it is compiled.
const roundsOfParsers = { warmUp: 8, measured: 9, passes: 3 };
const roundsOfReaders = { warmUp: 3, measured: 9, passes: 1 };
const roundsOfJsonReaders = { warmUp: 1, measured: 7, passes: 1 };

const parsers = new Map<InputName, Group>();
const readers = new Map<InputName, Group>();
for (const name of inputNames) {
  const input = buildInput(name);
  process.stderr.write(`Measuring: ${input.title}\n`);
  parsers.set(name, groupOf(input, await measure(parsersOf(input), roundsOfParsers)));
  readers.set(name, groupOf(input, await measureReaders(input, () => respondWith(input.pieces))));
}
const fetched = await measureFetch();
const encoders = [await measureEncoders('ascii'), await measureEncoders('multi-byte')];

const report = `# SSE: parse, read, encode

${describeRun('npm run bench -- sse', peers)}

CPU time for an event: the median of the rounds. “× ours” is the CPU time beside that of ours for the same work, compared round by round: above 1 ours is faster. How to read it: [bench/README.md](../README.md).

![CPU time for an event, as bars](sse.svg)

${section('Parser: bytes or text in, events out', [...parsers.values()])}
${section('The whole way: from a body to events in a loop', [...readers.values()])}
${section('The same behind fetch and a socket', [fetched])}
${section('Encoder: events in, text or bytes out', encoders)}
## Targets

${verdictOn(parsers, readers)}
`;

process.stdout.write(report);
writeFileSync(new URL('sse.md', results), report);
writeFileSync(new URL('sse.svg', results), barChart('CPU time for an event, µs: less is better', bars()));

/** Those with JSON by themselves, for openai's leave the most garbage to whoever is next. */
async function measureReaders(input: Input, open: Open): Promise<Measured[]> {
  return [
    ...(await measure(readersOf(input, open), roundsOfReaders)),
    ...(await measure(jsonReadersOf(input, open), roundsOfJsonReaders)),
  ];
}

async function measureFetch(): Promise<Group> {
  const input = buildInput('16k');
  const server = fork(new URL('sse/server.ts', import.meta.url));
  try {
    const [port] = (await once(server, 'message')) as [number]; // As server.ts sends it.
    const contenders = await measureReaders(input, async () => await fetch(`http://127.0.0.1:${port}/`));
    const title = 'fetch from a server on this machine, which writes as fast as it can';
    return groupOf({ ...input, title }, contenders);
  } finally {
    server.kill();
  }
}

async function measureEncoders(text: 'ascii' | 'multi-byte'): Promise<Group> {
  const input = eventsToEncode(text);
  const contenders = await measure(encodersOf(input), roundsOfParsers);
  return groupOf({ ...input, title: `id, event and data, ${text}` }, contenders);
}

/** Without the input itself: a big heap would cost those who are measured later. */
function groupOf({ title, events, sizeBytes }: Omit<Group, 'contenders'>, contenders: readonly Measured[]): Group {
  return { title, events, sizeBytes, contenders };
}

function section(title: string, groups: readonly Group[]): string {
  return `## ${title}\n\n${groups.map(tableOf).join('\n')}`;
}

/** The inputs that the targets are about. */
function bars(): BarGroup[] {
  return [
    { what: 'Parser', group: parsers.get('16k') },
    { what: 'Whole way', group: readers.get('16k') },
    { what: 'Whole way', group: readers.get('one-event') },
  ].map(({ what, group }) => ({
    title: `${what}, ${group?.title}`,
    bars: (group?.contenders ?? []).map((contender) => ({
      label: contender.name,
      value: group === undefined ? 0 : eventUs(group, contender).median,
      isOurs: contender.name.startsWith('verbatim'),
    })),
  }));
}
