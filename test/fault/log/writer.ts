// Writes heavily into a store, reads what it wrote, and tells its parent of both, until it is killed.
// `node writer.ts <a Life as JSON>`
import { EventEmitter, once } from 'node:events';
import { writeSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { openLog, type Entry, type Lease, type Log } from 'verbatim/log';
import { createSeededRandom } from 'verbatim/testing';
import { partsOf, planAppend, slotCount, streamName, trimmed, type PlannedAppend } from './plan.ts';
import type { Found, Life, Report } from './reports.ts';

const { path, seed, life, retries, deadLeases, end } = JSON.parse(process.argv[2] ?? '') as Life; // The parent made it.
const random = createSeededRandom(seed * 31 + life);
const below = (bound: number): number => Math.floor(random.float() * bound);
const maxInFlight = 1 + below(40);
const leaseNames = ['lease 0', 'lease 1', 'lease 2', 'lease 3'];
/** Tells turns of this writer of each other. */
const turns = new EventEmitter().setMaxListeners(0);
let acknowledged = 0;
let isClosing = false;
let fileEvents = 0;

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function report(message: Report): void {
  writeSync(3, `${JSON.stringify(message)}\n`);
}

/** Whether the call was answered by the store's end, which is no failure here. */
function isEnd(error: unknown): boolean {
  return isClosing && codeOf(error) === 'store-unavailable';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** The stream of the slot that is not deleted, and whatever is to be found of the others. */
async function findStreams(log: Log): Promise<{ found: Found[]; generations: number[] }> {
  const found: Found[] = [];
  const generations: number[] = [];
  for (let slot = 0; slot < slotCount; slot += 1) {
    for (let generation = 0; generations.length === slot; generation += 1) {
      const stream = streamName(slot, generation);
      const state = await readAll(log, stream);
      if (state.parts !== null) generations.push(generation);
      found.push(state);
    }
  }
  return { found, generations };
}

async function readAll(log: Log, stream: string): Promise<Found> {
  const parts: string[] = [];
  const trims: Array<readonly [number, number]> = [];
  try {
    const head = await log.head(stream);
    while (parts.length < head) {
      const entries = await log.read(stream, { after: parts.length, limit: 1 + below(2_000) });
      for (const entry of entries) takeEntry(entry, stream, parts, trims);
      if (entries.length === 0) throw new Error(`${stream} ends at ${head}, but gives nothing after ${parts.length}`);
    }
  } catch (error) {
    if (codeOf(error) !== 'stream-deleted') throw error;
    return { stream, parts: null, trims: [] };
  }
  return { stream, parts, trims };
}

function takeEntry(entry: Entry, stream: string, parts: string[], trims: Array<readonly [number, number]>): void {
  if (entry.from !== parts.length + 1) throw new Error(`${stream}: ${entry.from} comes after ${parts.length}`);
  parts.push(...partsOf(entry));
  if (entry.type === 'trimmed') trims.push([entry.from, entry.offset]);
}

async function append(log: Log, planned: PlannedAppend, stream: string, lease?: Lease): Promise<void> {
  const [ofLife = 0, number = 0] = planned.id.split('-').map(Number);
  if (planned.key !== undefined) report({ type: 'keyed', life: ofLife, number, stream });
  const { first, last, replayed } = await log.append(
    stream,
    planned.data.map((data) => ({ type: 'appended', data })),
    {
      key: planned.key,
      lease,
      ...(planned.isIndexed && {
        index: { owner: 'owner', title: planned.id, text: planned.data[0]?.slice(0, 200).toWellFormed() },
      }),
    },
  );
  report({ type: 'appended', stream, life: ofLife, number, first, last, replayed, isIndexed: planned.isIndexed });
  acknowledged += 1;
  if (end.type === 'acknowledged' && acknowledged === end.count) die();
  turns.emit('acknowledged');
}

/** Reads the slot's stream as it grows, and then the one that comes in its place. */
async function follow(log: Log, slot: number, generations: readonly number[]): Promise<void> {
  while (!isClosing) {
    const generation = generations[slot] ?? 0;
    const stream = streamName(slot, generation);
    try {
      let after = await log.head(stream);
      after -= Math.min(after, below(3));
      for await (const entries of log.follow(stream, { after })) {
        report({ type: 'seen', stream, after, parts: entries.flatMap((entry) => partsOf(entry)) });
        after = entries.at(-1)?.offset ?? after;
      }
    } catch (error) {
      if (isEnd(error)) return;
      // Begun within what was trimmed: another time it begins elsewhere.
      if (codeOf(error) !== 'stream-deleted' && codeOf(error) !== 'offset-expired') throw error;
      if (codeOf(error) === 'stream-deleted' && generation === generations[slot]) await once(turns, `left ${stream}`);
    }
  }
}

/** Trims a stretch of the stream, small or all of it. */
async function trim(log: Log, stream: string): Promise<void> {
  const head = await log.head(stream);
  const entries = await log.read(stream, { after: 0, limit: 100_000 });
  const start = below(entries.length);
  const stretch = below(3) === 0 ? entries : entries.slice(start, start + 2 + below(200));
  const [entry] = trimmed(stretch);
  if (entry === undefined || head === 0) return;
  await log.trim(stream, [entry]);
  report({ type: 'trimmed', stream, from: entry.from, offset: entry.offset });
}

type Leases = Map<string, Lease>;

async function changeLease(log: Log, leases: Leases): Promise<void> {
  const name = leaseNames[below(leaseNames.length)] ?? '';
  const held = leases.get(name);
  if (held === undefined) {
    report({ type: 'acquiring', name });
    const lease = await log.leases.acquire(name, { ttlMs: 3_600_000 });
    report({ type: 'acquired', name, epoch: lease?.epoch ?? null });
    if (lease === null) return; // Another turn of this writer has it.
    leases.set(name, lease);
    await tryDeadLeases(log, name);
  } else if (below(2) === 0) {
    leases.delete(name);
    report({ type: 'releasing', name });
    await log.leases.release(held);
    report({ type: 'released', name });
  } else {
    await log.leases.renew(held, { ttlMs: 3_600_000 });
  }
}

async function tryDeadLeases(log: Log, name: string): Promise<void> {
  for (const lease of deadLeases.filter((dead) => dead.name === name)) {
    const outcome = await log
      .append('fenced', [{ type: 'appended', data: 'a zombie' }], { lease })
      .then(() => '', codeOf);
    if (outcome !== 'lease-lost' && !isClosing)
      throw new Error(`an append under the dead lease of epoch ${lease.epoch} gave "${outcome}"`);
  }
}

async function work(log: Log, generations: number[], leases: Leases, numbers: Iterator<number, never>): Promise<void> {
  while (!isClosing) {
    const planned = planAppend(seed, life, numbers.next().value);
    const { slot } = planned;
    const generation = generations[slot] ?? 0;
    const stream = streamName(slot, generation);
    const lease = planned.isLeased ? leases.get(leaseNames[slot % leaseNames.length] ?? '') : undefined;
    try {
      const dice = below(300);
      if (dice < 12) await changeLease(log, leases);
      else if (dice < 16) await trim(log, stream);
      else if (dice === 16) await remove(log, slot, generations);
      else await append(log, planned, stream, lease);
    } catch (error) {
      if (isEnd(error)) return;
      // Another turn deleted the stream, trimmed it or gave the lease up.
      if (!['stream-deleted', 'offset-conflict', 'lease-lost'].includes(codeOf(error))) throw error;
    }
  }
}

async function remove(log: Log, slot: number, generations: number[]): Promise<void> {
  const generation = generations[slot] ?? 0;
  const stream = streamName(slot, generation);
  report({ type: 'deleting', stream });
  if (!(await log.delete(stream))) return; // Nothing was written yet, or another turn did it.
  report({ type: 'deleted', stream });
  generations[slot] = generation + 1;
  turns.emit(`left ${stream}`);
}

async function retry(log: Log): Promise<void> {
  await Promise.all(
    retries.map(async ({ life: ofLife, number, stream }) => {
      const outcome = await append(log, planAppend(seed, ofLife, number), stream).then(() => '', codeOf);
      if (outcome !== '' && outcome !== 'stream-deleted') throw new Error(outcome);
    }),
  );
}

function watchFiles(onEvent: () => void): void {
  watch(dirname(path), onEvent).unref();
}

async function main(): Promise<void> {
  if (end.type === 'file-event') watchFiles(() => (fileEvents += 1) === end.count && die());
  const log = await openLog(`sqlite:${path}`);
  const { found, generations } = await findStreams(log);
  const { rows } = await log.list('owner', { limit: 1_000 });
  const titles = Object.fromEntries(rows.map(({ stream, title }) => [stream, title]));
  report({ type: 'opened', found, expired: await log.leases.expired(), titles });
  await retry(log);
  const leases: Leases = new Map();
  const numbers = count();
  for (const slot of generations.keys()) void follow(log, slot, generations);
  for (let writer = 0; writer < maxInFlight; writer += 1) void work(log, generations, leases, numbers);
  if (end.type !== 'closing') return;
  while (acknowledged < end.acknowledged) await once(turns, 'acknowledged');
  watchFiles(() => (fileEvents += 1) === end.fileEvents && die());
  isClosing = true;
  await log.close();
  report({ type: 'closed' });
  process.exit(0);
}

function* count(): Generator<number, never> {
  for (let number = 0; ; number += 1) yield number;
}

await main();
