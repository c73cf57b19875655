// What a crowd of clients does to a server that is down, and how soon it is back: 500 over real
// sockets, beside what the back-off allows. `npm run bench -- storm 10` is down for 10 s, not 60.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRule, expectAttempts, type Expectation } from '../test/support/back-off.ts';
import { startConnect, startEventSource, type StartClient } from './storm/clients.ts';
import { openStormServer, type Outage } from './storm/server.ts';
import { describeRun } from './support/machine.ts';

const clients = 500;
const downMs = Number(process.argv[2] ?? 60) * 1_000;
const peerDownMs = Math.min(downMs, 20_000);
const maxBackoffMs = 30_000;

interface Storm {
  /** When each client's requests were made, from the start of the outage. */
  readonly attemptsMs: readonly (readonly number[])[];
  /** When the last one was back after the recovery; undefined where not all were within the longest wait. */
  readonly backMs: number | undefined;
}

const names: Readonly<Record<Outage, string>> = {
  refuses: 'refuses connections',
  cuts: 'cuts right after the headers',
  '503': 'answers 503',
};
const outages = ['refuses', 'cuts', '503'] as const;
const head = [
  'The server…',
  'attempts',
  'each client: min / median / max',
  'mean',
  'most in 1 s',
  'most in 1 s, second half',
  'all back after',
];
const peerHead = [
  'The server…',
  'client',
  'attempts of each in a minute',
  'most in 1 s',
  'most in 1 s, second half',
  'all back after',
];

const expected = expectAttempts(connectRule(), downMs);
const rows: string[][] = [];
const peerRows: string[][] = [];
for (const outage of outages) {
  process.stderr.write(`connect: ${names[outage]}\n`);
  rows.push([names[outage], ...figuresOf(await runStorm(outage, startConnect, downMs), downMs)]);
}
rows.push(['what the back-off allows', ...allowed(expected)]);
for (const outage of outages) {
  process.stderr.write(`eventsource: ${names[outage]}\n`);
  peerRows.push(...(await comparePeers(outage)));
}

const report = `# 500 clients before a server that is down

${describeRun(`npm run bench -- storm${downMs === 60_000 ? '' : ` ${downMs / 1_000}`}`, ['eventsource'])}

All ${clients} clients run in the server's process and begin at one moment; their requests are counted where
they are made. The recovered server sends an event, by which a client is known to be back.

## connect, over ${downMs / 1_000} s

${tableOf([head, ...rows])}

“What the back-off allows” is computed from its rule alone: full jitter up to 1 s, doubled at each failure up to
30 s. Its “max” is what not one of 500 clients goes beyond in a million such storms; its “most in 1 s” are averages.

## Beside the npm package eventsource, over ${peerDownMs / 1_000} s

${tableOf([peerHead, ...peerRows])}

A browser, and so \`eventsource\`, gives up for good at an answer like 503 [whatwg-html 9.2.3]. Its clients come
back all at one moment, every 3 s, for as long as the server is down.
`;
process.stdout.write(report);
writeFileSync(new URL('results/storm.md', import.meta.url), report);
process.exit();

async function runStorm(outage: Outage, start: StartClient, forMs: number): Promise<Storm> {
  const server = await openStormServer(outage);
  const attemptsMs = Array.from({ length: clients }, (): number[] => []);
  const allBack = Promise.withResolvers<void>();
  const waiting = new Set(attemptsMs);
  const startedAtMs = performance.now();
  let isDown = true;
  const running = attemptsMs.map((attempts) =>
    start(server.url, {
      async fetch(address, init) {
        if (isDown) attempts.push(performance.now() - startedAtMs);
        return await globalThis.fetch(address, init);
      },
      onBack() {
        waiting.delete(attempts);
        if (waiting.size === 0) allBack.resolve();
      },
    }),
  );
  await sleep(forMs - (performance.now() - startedAtMs));
  isDown = false;
  await server.recover();
  const recoveredAtMs = performance.now();
  await Promise.race([allBack.promise, sleep(maxBackoffMs + 2_000)]);
  const backMs = waiting.size === 0 ? performance.now() - recoveredAtMs : undefined;
  for (const client of running) client.close();
  await server.close();
  return { attemptsMs, backMs };
}

async function comparePeers(outage: Outage): Promise<string[][]> {
  const contenders = { connect: startConnect, eventsource: startEventSource };
  const compared: string[][] = [];
  for (const [name, start] of Object.entries(contenders)) {
    const { attemptsMs, backMs } = await runStorm(outage, start, peerDownMs);
    const all = attemptsMs.flat();
    const perMinute = (all.length / clients / peerDownMs) * 60_000;
    const back = backMs === undefined ? 'not at all' : `${(backMs / 1_000).toFixed(1)} s`;
    const seconds = bySecond(all, peerDownMs);
    const later = Math.max(...seconds.slice(seconds.length / 2));
    compared.push([names[outage], name, perMinute.toFixed(1), String(Math.max(...seconds)), String(later), back]);
  }
  return compared;
}

function figuresOf({ attemptsMs, backMs }: Storm, forMs: number): string[] {
  const perClient = attemptsMs.map((attempts) => attempts.length).toSorted((a, b) => a - b);
  const seconds = bySecond(attemptsMs.flat(), forMs);
  const total = attemptsMs.flat().length;
  return [
    String(total),
    `${perClient[0]} / ${perClient[clients / 2]} / ${perClient.at(-1)}`,
    (total / clients).toFixed(2),
    String(Math.max(...seconds)),
    String(Math.max(...seconds.slice(seconds.length / 2))),
    backMs === undefined ? 'not all' : `${(backMs / 1_000).toFixed(1)} s`,
  ];
}

function allowed({ mean, most, perSecond }: Expectation): string[] {
  const seconds = perSecond.map((each) => Math.round(each * clients));
  return [
    String(Math.round(mean * clients)),
    `1 / – / ${most}`,
    mean.toFixed(2),
    String(Math.max(...seconds)),
    String(Math.max(...seconds.slice(seconds.length / 2))),
    `${maxBackoffMs / 1_000} s`,
  ];
}

function bySecond(timesMs: readonly number[], forMs: number): number[] {
  const counts = Array.from({ length: Math.ceil(forMs / 1_000) }, () => 0);
  for (const atMs of timesMs) {
    const second = Math.min(Math.floor(atMs / 1_000), counts.length - 1);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  return counts;
}

function tableOf([first = [], ...rest]: readonly string[][]): string {
  const rule = first.map((_, column) => (column === 0 ? '---' : '--:'));
  return [first, rule, ...rest].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
