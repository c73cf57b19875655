// A store on a disk that fills up: `node disk.ts <a DiskTask as JSON>`. Ends with 0 where all is as it must be.
import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openLog, type Entry, type Log } from 'verbatim/log';
import { createFakeClock } from 'verbatim/testing';
import { hearOut, startChild } from '../../support/child.ts';
import { setRoom, type Room } from './room.ts';

export interface DiskTask {
  /** `all` is the whole test; the others are its parts, in processes of their own. */
  readonly type: 'all' | 'fill-and-die' | 'reopen';
  readonly room: Room;
}

/** What is known of a store: so many entries of each stream were acknowledged. */
type Heads = Readonly<Record<string, number>>;

type Reopened =
  | { readonly type: 'opened'; readonly heads: Heads }
  | { readonly type: 'refused'; readonly code: string };

const streams = ['big', 'small 0', 'small 1', 'small 2', 'small 3'];
const lengths: Readonly<Record<string, number>> = { big: 300_000 };
const kB = 1024;

const { type: part, room } = JSON.parse(process.argv[2] ?? '') as DiskTask; // The parent made it.
const storeOf = (name: string): string => `sqlite:${join(room.folder, name)}`;

function report(message: unknown): void {
  writeSync(3, `${JSON.stringify(message)}\n`);
}

function dataOf(stream: string, offset: number): string {
  const text = `${stream} ${offset} `;
  return text.repeat(Math.ceil((lengths[stream] ?? 50) / text.length));
}

/** The error's code; '' where the append was taken. */
async function append(log: Log, stream: string, heads: Map<string, number>): Promise<string> {
  const offset = (heads.get(stream) ?? 0) + 1;
  try {
    const { first } = await log.append(stream, [{ type: 't', data: dataOf(stream, offset) }]);
    assert.equal(first, offset, `${stream} goes on without a hole`);
    heads.set(stream, offset);
    return '';
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function checkEntries(stream: string, after: number, entries: readonly Entry[]): number {
  let offset = after;
  for (const entry of entries) {
    offset += 1;
    assert.equal(entry.offset, offset, `${stream} has no hole`);
    assert.ok(entry.data === dataOf(stream, offset), `${stream} has the same bytes at ${offset}`);
  }
  return offset;
}

async function readHeads(log: Log): Promise<Map<string, number>> {
  const heads = new Map<string, number>();
  for (const stream of streams) {
    let offset = 0;
    const head = await log.head(stream);
    while (offset < head) offset = checkEntries(stream, offset, await log.read(stream, { after: offset }));
    heads.set(stream, offset);
  }
  return heads;
}

/** Follows all streams; `seen` is where each follower stands. */
function followAll(log: Log): { seen: Map<string, number>; reaches(heads: Map<string, number>): Promise<void> } {
  const seen = new Map<string, number>();
  let wake = Promise.withResolvers<void>();
  async function follow(stream: string): Promise<void> {
    let after = 0;
    for await (const entries of log.follow(stream, { after: 0 })) {
      after = checkEntries(stream, after, entries);
      seen.set(stream, after);
      wake.resolve();
      wake = Promise.withResolvers();
    }
  }
  for (const stream of streams) void follow(stream);
  return {
    seen,
    async reaches(heads) {
      while ([...heads].some(([stream, head]) => (seen.get(stream) ?? 0) < head)) await wake.promise;
    },
  };
}

/** Appends to all streams at once until even the smallest find no room. */
async function fill(log: Log, heads: Map<string, number>, onRound: () => void = () => undefined): Promise<void> {
  for (;;) {
    const codes = await Promise.all(streams.map((stream) => append(log, stream, heads)));
    onRound();
    for (const code of codes) assert.ok(code === '' || code === 'store-unavailable', `refused with ${code}`);
    if (codes.every((code) => code !== '')) return;
  }
}

async function checkAll(log: Log, heads: Map<string, number>, when: string): Promise<void> {
  assert.deepEqual(Object.fromEntries(await readHeads(log)), Object.fromEntries(heads), when);
}

/** How many rows the journal has: read beside the store, as another program may. */
function countJournal(name: string): number {
  const database = new DatabaseSync(join(room.folder, name), { readOnly: true });
  const row = database.prepare('SELECT count(*) AS count FROM journal').get();
  database.close();
  return Number(row?.['count']);
}

/** One process through it all: no room, a little, then enough. */
async function live(name: string, bytes: number): Promise<void> {
  const clock = createFakeClock();
  setRoom(room, bytes);
  const log = await openLog(storeOf(name), { clock });
  const heads = new Map(streams.map((stream) => [stream, 0]));
  const followers = followAll(log);
  await fill(log, heads);
  assert.ok(
    [...heads.values()].every((head) => head > 0),
    'something was written before it was full',
  );
  await followers.reaches(heads);
  await checkAll(log, heads, 'full');

  // Small ones beside one that is too big for what is left. What is copied into the file at that moment,
  // by a thread of its own, may take the room first: then there is as much once more.
  for (let round = 1; ; round += 1) {
    setRoom(room, 150 * kB);
    const [big, ...small] = await Promise.all(streams.map((stream) => append(log, stream, heads)));
    if (small.every((code) => code === '')) break;
    assert.ok(round < 5, `the small ones are refused, with a big one that is: ${small.join()}; ${big}`);
  }
  await followers.reaches(heads);

  // Moving the journal into pages finds no room, loses nothing, and lets appends pass.
  await fill(log, heads);
  await clock.advance(10_000);
  await fill(log, heads);
  setRoom(room, 60 * kB);
  assert.equal(await append(log, 'small 0', heads), '', 'an append passes by pages that find no room');
  await checkAll(log, heads, 'full, and folding');
  await followers.reaches(heads);

  // Room again, and nobody does anything for it.
  setRoom(room, Infinity);
  for (const stream of streams) assert.equal(await append(log, stream, heads), '', `${stream} is written again`);
  const before = countJournal(name);
  await clock.advance(1_000);
  let turns = 0;
  for (; countJournal(name) > 2; turns += 1) {
    assert.ok(turns < 500, `the journal is moved into pages: ${countJournal(name)} of ${before} rows are left`);
    await append(log, 'small 1', heads);
    await clock.advance(10_000);
  }
  await checkAll(log, heads, 'with room again');
  await followers.reaches(heads);
  await log.close();
  const again = await openLog(storeOf(name), { clock });
  await checkAll(again, heads, 'opened again');
  await again.close();
  report({ bytes, entries: sum(heads), followed: sum(followers.seen), journalRows: before });
}

function sum(heads: ReadonlyMap<string, number>): number {
  return [...heads.values()].reduce((total, head) => total + head, 0);
}

async function fillAndDie(): Promise<void> {
  const log = await openLog(storeOf('killed.db'));
  const heads = await readHeads(log);
  setRoom(room, 2 * 1024 * kB);
  await fill(log, heads, () => report(Object.fromEntries(heads)));
  process.kill(process.pid, 'SIGKILL');
}

async function reopen(): Promise<void> {
  try {
    const log = await openLog(storeOf('killed.db'));
    report({ type: 'opened', heads: Object.fromEntries(await readHeads(log)) } satisfies Reopened);
    await log.close();
  } catch (error) {
    report({ type: 'refused', code: codeOf(error) } satisfies Reopened);
  }
}

/** What a process of its own reports last. */
async function run<Message>(type: DiskTask['type']): Promise<Message> {
  const child = startChild<Message>(new URL(import.meta.url), { type, room } satisfies DiskTask);
  const { messages, code } = await hearOut(child);
  const last = messages.at(-1);
  assert.ok((code === null || code === 0) && last !== undefined, `${type} ended with ${code}: ${child.stderr()}`);
  return last;
}

/** Starts on a full disk, behind a process that was killed there. */
async function restart(): Promise<void> {
  const heads = await run<Heads>('fill-and-die');
  const full = await run<Reopened>('reopen');
  if (full.type === 'opened') assert.deepEqual(full.heads, heads, 'opened on a full disk');
  else assert.equal(full.code, 'store-unavailable', 'refused on a full disk');
  setRoom(room, Infinity);
  assert.deepEqual(await run<Reopened>('reopen'), { type: 'opened', heads }, 'opened with room again');
  report({ onFull: full.type, heads });
}

/** A store that is new where there is no room at all. */
async function openNew(): Promise<void> {
  setRoom(room, 0);
  const other = storeOf('new.db');
  const outcome = await openLog(other).then(async (log) => {
    const code = await log.append('s', [{ type: 't', data: 'x' }]).then(() => '', codeOf);
    await log.close();
    return code;
  }, codeOf);
  assert.ok(
    outcome === 'store-unavailable' || (outcome === '' && room.type === 'limit'),
    `a new store gave "${outcome}"`,
  );
  setRoom(room, Infinity);
  const log = await openLog(other);
  await log.append('s', [{ type: 't', data: 'x' }]);
  await log.close();
}

switch (part) {
  case 'all':
    await live('small.db', 3 * 1024 * kB);
    // Here SQLite's log is full more than once, and the journal is moved into pages on the way.
    await live('large.db', 20 * 1024 * kB);
    await restart();
    await openNew();
    break;
  case 'fill-and-die':
    await fillAndDie();
    break;
  case 'reopen':
    await reopen();
    break;
}
