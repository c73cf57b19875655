// The server of the late joiners: conversations with an answer of many deltas each, as the API gives
// them, and beside it a full replay of the same entries, one event a delta.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createVerbatim } from 'verbatim';
import { openLog } from 'verbatim/log';
import { createCatalogue, createDemoModels } from 'verbatim/models';
import { encode, eventStreamHeaders } from 'verbatim/sse';
import { messageName, streamName, tokens } from './deltas.ts';

export interface ServerTask {
  readonly log: string;
  readonly folder: string;
  readonly conversations: number;
  readonly deltas: number;
}

export interface ServerReady {
  readonly port: number;
  readonly epoch: string;
  /** The offset before the first delta. */
  readonly before: number;
}

const task = JSON.parse(process.argv[2] ?? '') as ServerTask; // As late-joiner-part.ts starts it.
const batch = 1_000;
const log = await openLog(task.log === 'memory:' ? task.log : task.log + join(task.folder, 'verbatim.db'));
let before = 0;
for (let n = 0; n < task.conversations; n += 1) before = await write(n);
const verbatim = await createVerbatim({ log, models: createCatalogue(createDemoModels()) });

const server = createServer((request, response) => {
  const [, stream] = /^\/replay\/(\w+)$/.exec(request.url ?? '') ?? [];
  if (stream === undefined) verbatim.node(request, response);
  else void replay(stream, response);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo; // On TCP, so it has one.
  process.send?.({ port, epoch: log.epoch, before } satisfies ServerReady);
});

process.once('disconnect', () => process.exit());
// Whatever it is asked by the parent: the CPU time since the start.
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});

/** Gives the offset before the first delta. */
async function write(n: number): Promise<number> {
  const atMs = 1_700_000_000_000 + n;
  const name = streamName(n);
  const answer = { parent: null, role: 'assistant', status: 'running', parts: [{ type: 'text', text: '' }] };
  const { last } = await log.append(name, [
    { type: 'conversation', data: JSON.stringify({ title: 'A long answer', createdAtMs: atMs }) },
    { type: 'message', data: JSON.stringify({ id: messageName(n), ...answer, createdAtMs: atMs, model: 'demo/tour' }) },
  ]);
  for (let from = 0; from < task.deltas; from += batch)
    await log.append(name, tokens.entriesOf(n, from, Math.min(from + batch, task.deltas)));
  return last;
}

async function replay(stream: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, eventStreamHeaders);
  let after = before;
  while (true) {
    const entries = await log.read(stream, { after });
    if (entries.length === 0) return;
    let events = '';
    for (const { offset, type, data } of entries) events += encode({ id: `${log.epoch}.${offset}`, event: type, data });
    response.write(events);
    after = entries.at(-1)?.offset ?? after;
  }
}
