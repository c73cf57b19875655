// What happens once in a store's life is cut short, too: the step to a new version, and a copy.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { backUpLog, openLog, type Log } from 'verbatim/log';
import { createSeededRandom } from 'verbatim/testing';
import { hearOut, startChild } from '../support/child.ts';
import { createVersion1 } from '../support/version-1.ts';
import type { Operation } from './log/operate.ts';

const seed = Number(process.env['VERBATIM_SEED'] ?? 20_261_125);
const timeoutMs = 240_000; // Tells what hangs from what only waits for a busy machine.
const entryCount = 2_000;
const dataOf = (stream: number, offset: number): string => `${stream}.${offset} `.repeat(1 + ((stream * offset) % 200));

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-cut-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A store as version 1 left it, too large for one page of anything. */
function writeVersion1(path: string): void {
  using database = new DatabaseSync(path);
  createVersion1(database);
  database.exec('PRAGMA synchronous = OFF; BEGIN');
  for (const stream of [1, 2, 3]) {
    database
      .prepare('INSERT INTO streams VALUES (?, ?, ?, ?, ?, 5, 900)')
      .run(stream, `s${stream}`, entryCount, 'o', 'A title');
    database.prepare('INSERT INTO keys VALUES (?, ?, 2, 3)').run(stream, `key ${stream}`);
    const insert = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)');
    for (let offset = 1; offset <= entryCount; offset += 1)
      insert.run(stream, offset, 't', dataOf(stream, offset), offset);
  }
  database.exec('COMMIT');
}

/** Whether the operation was cut. */
async function operate(operation: Operation): Promise<boolean> {
  const child = startChild<string>(new URL('log/operate.ts', import.meta.url), operation);
  const { messages, code } = await hearOut(child);
  if (code !== null && code !== 0) throw new Error(child.stderr());
  return messages.length === 0;
}

async function expectAll(log: Log, what: string): Promise<void> {
  for (const stream of [1, 2, 3]) {
    let offset = 0;
    for (let entries = await log.read(`s${stream}`, { after: 0 }); entries.length > 0;) {
      for (const entry of entries) {
        offset += 1;
        if (entry.offset === offset && entry.data === dataOf(stream, offset)) continue;
        expect.fail(`${what}: ${entry.offset} stands at ${offset} of s${stream}: ${entry.data.slice(0, 40)}`);
      }
      entries = await log.read(`s${stream}`, { after: offset });
    }
    expect(offset, what).toBe(entryCount);
    expect(await log.find(`s${stream}`, `key ${stream}`), what).toMatchObject({ first: 2, last: 3 });
  }
  expect(await log.leases.expired(), what).toEqual(['cut']);
  expect((await log.list('o')).rows, what).toHaveLength(3);
}

it(
  '[LOG-MIGRATE] [LOG-CRASH] brings an old store up to date however often that is cut',
  async () => {
    const random = createSeededRandom(seed);
    const folder = newFolder();
    const cutAt: number[] = [];
    for (let store = 1; store <= 3; store += 1) {
      const path = join(folder, `${store}.db`);
      writeVersion1(path);
      // A few times on one store, each cut a little later, or not at all.
      for (const bound of [8, 40, 300]) {
        const fileEvents = 1 + Math.floor(random.float() * bound);
        const operation = { type: 'open', store: `sqlite:${path}`, target: '', folder, fileEvents } as const;
        if (await operate(operation)) cutAt.push(fileEvents);
      }
      await using log = await openLog(`sqlite:${path}`);
      expect(log.epoch).toBe('abcd1234');
      await expectAll(log, `seed ${seed}, store ${store}`);
    }
    expect(cutAt.length, `seed ${seed}`).toBeGreaterThan(3);
  },
  timeoutMs,
);

it(
  '[LOG-BACKUP] [LOG-CRASH] leaves no half of a copy under its name',
  async () => {
    const random = createSeededRandom(seed);
    const folder = newFolder();
    const path = join(folder, 'v.db');
    writeVersion1(path);
    await using log = await openLog(`sqlite:${path}`);
    const copies = join(folder, 'copies');
    mkdirSync(copies);
    let cut = 0;
    for (let round = 1; round <= 8; round += 1) {
      const fileEvents = 1 + Math.floor(random.float() * 2 ** (1 + round));
      const target = join(copies, `${round % 2}.db`);
      const what = `seed ${seed}, round ${round}, event ${fileEvents}`;
      const wasCut = await operate({ type: 'back-up', store: `sqlite:${path}`, target, folder: copies, fileEvents });
      cut += wasCut ? 1 : 0;
      if (existsSync(target)) {
        await using copy = await openLog(`sqlite:${target}`);
        expect(copy.epoch, what).not.toBe(log.epoch);
        await expectAll(copy, what);
      } else expect(wasCut, what).toBe(true);
      for (const file of readdirSync(copies))
        if (file.startsWith(`${round % 2}.db`) && !file.includes('.partial')) rmSync(join(copies, file));
    }
    expect(cut, `seed ${seed}`).toBeGreaterThan(2);
    // What cut ones left behind is in nobody's way.
    for (const name of ['0.db', '1.db']) {
      const target = join(copies, name);
      await backUpLog(`sqlite:${path}`, target);
      expect(readdirSync(copies).filter((file) => file.startsWith(`${name}.partial`))).toEqual([]);
      await using copy = await openLog(`sqlite:${target}`);
      await expectAll(copy, `seed ${seed}`);
    }
    await expectAll(log, `seed ${seed}`);
  },
  timeoutMs,
);
