// A loss of power, as a model: what was flushed is there, and of what was written since, any part, with
// sectors that were never written. What it rests on is that SQLite flushes where it is told to; that a
// disk does what it says, no test can show.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { openLog, type Log } from 'verbatim/log';
import { createFakeClock, createSeededRandom } from 'verbatim/testing';

const seed = Number(process.env['VERBATIM_SEED'] ?? 20_261_127);
const streams = ['s0', 's1', 's2'];
const sectorBytes = 512;

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-power-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const random = createSeededRandom(seed);
  return { folder, path: join(folder, 'v.db'), below: (bound: number): number => Math.floor(random.float() * bound) };
}

/** One append; each of its entries says which it is of how many. */
async function write(log: Log, number: number, below: (bound: number) => number): Promise<void> {
  const count = below(3) === 0 ? 2 + below(20) : 1;
  const padding = 'x'.repeat(below(4) === 0 ? below(20_000) : below(100));
  const entries = Array.from({ length: count }, (_, index) => ({
    type: 't',
    data: `${number} ${index} ${count} ${padding}`,
  }));
  await log.append(streams[number % streams.length] ?? '', entries, { key: `key ${number}` });
}

/** Numbers of the appends that are there. Fails where one is not whole, or has no key, or there is a hole. */
async function find(log: Log, what: string): Promise<Set<number>> {
  const numbers = new Set<number>();
  for (const stream of streams) {
    const entries = await log.read(stream, { after: 0, limit: 100_000 });
    for (const [at, { offset, data }] of entries.entries()) {
      const [number = 0, index = 0, count = 0] = data.split(' ', 3).map(Number);
      expect(offset, what).toBe(at + 1);
      if (index > 0) continue;
      expect(numbers.has(number), `${what}: ${number} is there twice`).toBe(false);
      numbers.add(number);
      const whole = entries.slice(at, at + count).map((entry) => entry.data.split(' ', 2).join(' '));
      expect(whole, what).toEqual(Array.from({ length: count }, (_, part) => `${number} ${part}`));
      expect(await log.find(stream, `key ${number}`), what).toEqual({
        first: offset,
        last: offset + count - 1,
        replayed: true,
      });
    }
  }
  return numbers;
}

/** The store's files as they are, and then as a loss of power may leave what came behind `flushed` bytes. */
function cut(wal: Buffer, flushed: number, below: (bound: number) => number): Buffer {
  const left = Buffer.from(wal.subarray(0, flushed + below(wal.length - flushed + 1)));
  // The disk writes sectors in any order: some before the last are not there.
  const firstSector = Math.ceil(flushed / sectorBytes);
  const sectors = Math.floor(left.length / sectorBytes) - firstSector;
  for (let lost = below(4); lost > 0 && sectors > 0; lost -= 1) {
    const start = (firstSector + below(sectors)) * sectorBytes;
    left.fill(0, start, start + sectorBytes);
  }
  return left;
}

/** Empties SQLite's log into the file, so that it begins anew. */
function checkpoint(path: string): void {
  using database = new DatabaseSync(path, { timeout: 5_000 });
  expect(database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy']).toBe(0);
}

it('[LOG-DURABILITY] keeps what was acknowledged over a loss of power, and of the rest no half', async () => {
  const { folder, path, below } = setUp();
  const clock = createFakeClock();
  const log = await openLog(`sqlite:${path}`, { clock });
  let number = 0;
  let cuts = 0;
  for (let round = 0; round < 12; round += 1) {
    checkpoint(path);
    // While somebody reads, SQLite moves nothing that came later into the file.
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec('BEGIN; SELECT count(*) FROM meta');
    for (let count = below(6); count >= 0; count -= 1) await write(log, (number += 1), below);
    const acknowledged = number;
    const flushed = readFileSync(`${path}-wal`).length;
    const before = readFileSync(path);
    // From here on nothing has been acknowledged when the power goes; the journal may be moved into pages, too.
    const pending = Array.from({ length: 1 + below(30) }, () => write(log, (number += 1), below));
    if (round % 2 === 1) await clock.advance(10_000);
    await Promise.all(pending);
    await write(log, (number += 1), below);
    expect(readFileSync(path).equals(before), 'SQLite has not moved its log into the file').toBe(true);
    const wal = readFileSync(`${path}-wal`);
    reader.close();
    for (let copy = 0; copy < 5; copy += 1) {
      const what = `seed ${seed}, round ${round}, copy ${copy}`;
      const copied = join(folder, `${round}.${copy}.db`);
      writeFileSync(copied, before);
      writeFileSync(`${copied}-wal`, cut(wal, flushed, below));
      await using recovered = await openLog(`sqlite:${copied}`, { clock: createFakeClock() });
      const found = await find(recovered, what);
      for (let known = 1; known <= acknowledged; known += 1)
        expect(found.has(known), `${what}: ${known} of ${acknowledged}`).toBe(true);
      if (found.size < number) cuts += 1;
      await write(recovered, number + 1, below);
    }
  }
  await log.close();
  expect(cuts, `seed ${seed}`).toBeGreaterThan(20);
});

it('[LOG-DURABILITY] may take back the last of it with ?durability=process, never the order', async () => {
  const { folder, path, below } = setUp();
  const log = await openLog(`sqlite:${path}?durability=process`, { clock: createFakeClock() });
  await write(log, 1, below);
  checkpoint(path);
  let number = 1;
  while (number < 60) await write(log, (number += 1), below);
  const before = readFileSync(path);
  const wal = readFileSync(`${path}-wal`);
  const lengths = new Set<number>();
  for (let copy = 0; copy < 25; copy += 1) {
    const copied = join(folder, `${copy}.db`);
    writeFileSync(copied, before);
    writeFileSync(`${copied}-wal`, cut(wal, 0, below));
    await using recovered = await openLog(`sqlite:${copied}`, { clock: createFakeClock() });
    const found = [...(await find(recovered, `seed ${seed}, copy ${copy}`))].toSorted((a, b) => a - b);
    expect(found, `seed ${seed}, copy ${copy}`).toEqual(found.map((_, index) => index + 1));
    lengths.add(found.length);
  }
  await log.close();
  expect(lengths.size, `seed ${seed}`).toBeGreaterThan(5);
});
