// What it costs to join an answer late, over HTTP: one frame of text, beside an event for each delta.
import type { ChildProcess } from 'node:child_process';
import { get } from 'node:http';
import { createParser } from 'verbatim/sse';
import { alignedTable } from '../support/report.ts';
import type { Part } from './append-part.ts';
import { endChild, messageFrom, startChild } from './child.ts';
import { streamName, tokens } from './deltas.ts';
import type { ServerReady, ServerTask } from './late-joiner-server.ts';
import { withFolder } from './place.ts';

const deltas = 10_000;
const conversations = 24;
/** Conversations whose joiners are not counted: the code is compiled meanwhile. */
const warmUp = 6;
const laterJoiners = 3;
const maxMs = 60_000;

const ways = ['api', 'replay'] as const;
type Way = (typeof ways)[number];
const labels: Readonly<Record<Way, string>> = {
  api: '**verbatim**: `Last-Event-ID` before the deltas',
  replay: 'full replay, an event a delta',
};

interface Join {
  readonly bytes: number;
  readonly events: number;
  readonly text: string;
  readonly ms: number;
  readonly cpuMs: number;
}

interface Joins {
  readonly first: Join[];
  readonly later: Join[];
}

interface Server {
  readonly child: ChildProcess;
  readonly ready: ServerReady;
}

export async function measureLateJoiner(log: string): Promise<Part> {
  process.stderr.write(`Joining answers of ${deltas.toLocaleString('en')} deltas\n`);
  const joins = await withFolder(async (folder) => {
    const task: ServerTask = { log, folder, conversations, deltas };
    const child = startChild('late-joiner-server.ts', task);
    try {
      return await joinAll({ child, ready: await messageFrom<ServerReady>(child, maxMs) });
    } finally {
      await endChild(child);
    }
  });
  return partOf(joins);
}

async function joinAll(server: Server): Promise<Readonly<Record<Way, Joins>>> {
  const joins: Record<Way, Joins> = { api: { first: [], later: [] }, replay: { first: [], later: [] } };
  for (let n = 0; n < conversations; n += 1) {
    // By turns, so that neither always finds the pages that the other has read.
    for (const way of n % 2 === 0 ? ways : ways.toReversed()) {
      for (let nth = 0; nth <= laterJoiners; nth += 1) {
        const join = await measureJoin(server, streamName(n), way);
        if (n >= warmUp) joins[way][nth === 0 ? 'first' : 'later'].push(join);
      }
    }
  }
  return joins;
}

async function measureJoin({ child, ready }: Server, stream: string, way: Way): Promise<Join> {
  const { port, epoch, before } = ready;
  const lastId = `${epoch}.${before + deltas}`;
  const path = way === 'api' ? `/api/conversations/${stream}/events` : `/replay/${stream}`;
  const cpuBeforeUs = await askCpuUs(child);
  const startedAtMs = performance.now();
  const body = await readUntil({ port, path, cursor: `${epoch}.${before}`, lastId });
  const ms = performance.now() - startedAtMs;
  const cpuMs = ((await askCpuUs(child)) - cpuBeforeUs) / 1_000;
  return { bytes: body.length, ms, cpuMs, ...parse(body) };
}

async function askCpuUs(child: ChildProcess): Promise<number> {
  child.send('cpu');
  return await messageFrom<number>(child, maxMs);
}

/** What comes until the event of this id is whole. */
async function readUntil(options: { port: number; path: string; cursor: string; lastId: string }): Promise<Buffer> {
  const { port, path, cursor, lastId } = options;
  const headers = { Accept: 'text/event-stream', 'Last-Event-ID': cursor };
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => request.destroy(new Error(`${path}: ${lastId} did not come`)), maxMs);
    const request = get({ host: '127.0.0.1', port, path, agent: false, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path}: answered ${response.statusCode}`));
      const pieces: Buffer[] = [];
      let tail = '';
      let hasLast = false;
      response.on('data', (bytes: Buffer) => {
        pieces.push(bytes);
        // The id is not cut in two without the half before it being looked at again.
        const text = tail + bytes.toString('latin1');
        hasLast ||= text.includes(`id: ${lastId}\n`) || text.includes(`id:${lastId}\n`);
        tail = text.slice(-100);
        if (!hasLast || !tail.endsWith('\n\n')) return;
        clearTimeout(timer);
        request.destroy();
        resolve(Buffer.concat(pieces));
      });
    });
    request.on('error', reject);
  });
}

function parse(body: Buffer): { events: number; text: string } {
  let events = 0;
  let text = '';
  const parser = createParser({
    onEvent({ event, data }) {
      events += 1;
      if (event !== 'delta') return;
      const delta = JSON.parse(data) as { at: number; text: string }; // As the API documents it.
      if (delta.at !== text.length) throw new Error(`Expected a delta at ${text.length}, got one at ${delta.at}`);
      text += delta.text;
    },
  });
  parser.feed(body.toString());
  return { events, text };
}

function partOf(joins: Readonly<Record<Way, Joins>>): Part {
  const text = Array.from({ length: deltas }, (_, n) => tokens.textOf(n)).join('');
  const textBytes = Buffer.byteLength(text);
  const all = ways.flatMap((way) => [...joins[way].first, ...joins[way].later]);
  const exact = all.filter((join) => join.text === text).length;
  const head = [
    '',
    'events',
    'bytes',
    '× text',
    'first: ms',
    'first: server CPU ms',
    'next: ms',
    'next: server CPU ms',
  ];
  const rows = ways.map((way) => {
    const { first, later } = joins[way];
    const bytes = median([...first, ...later], 'bytes');
    return [
      labels[way],
      median(first, 'events').toLocaleString('en'),
      bytes.toLocaleString('en'),
      (bytes / textBytes).toFixed(3),
      ...[first, later].flatMap((some) => [median(some, 'ms').toFixed(1), median(some, 'cpuMs').toFixed(1)]),
    ];
  });
  const ours = [...joins.api.first, ...joins.api.later];
  const ratio = Math.max(...ours.map(({ bytes }) => bytes)) / textBytes;
  const events = Math.max(...ours.map((join) => join.events));
  return {
    text: `## Joining late

An answer of ${deltas.toLocaleString('en')} deltas, ${textBytes.toLocaleString('en')} bytes of text, joined over HTTP from before its first delta until its last is there. The median of ${conversations - warmUp} such answers: of who joins each first, and of who joins next. Both ways read the same entries; all ${all.length} joiners were compared with the text, and ${exact === all.length ? 'all' : `**only ${exact}**`} had it.

${alignedTable([head, ...rows])}
`,
    targets: [
      { what: `joining late: ${events} event, target 1`, holds: events === 1 },
      { what: `joining late: ${ratio.toFixed(3)} × the text's bytes, target 1.1`, holds: ratio <= 1.1 },
      { what: `joining late: ${exact} of ${all.length} joiners had the text`, holds: exact === all.length },
    ],
  };
}

function median(joins: readonly Join[], key: 'bytes' | 'events' | 'ms' | 'cpuMs'): number {
  const sorted = joins.map((join) => join[key]).toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
