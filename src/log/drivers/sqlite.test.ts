import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSqliteLog } from './sqlite.ts';

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-sqlite-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  return join(folder, `${(files += 1)}.db`);
}

it('[LOG-REOPEN] keeps entries, keys, the index and its cursor epoch over a reopening', async () => {
  const path = newPath();
  const first = await openSqliteLog({ path });
  await first.append('s', [{ type: 't', data: 'a' }], { key: 'k', index: { owner: 'o', title: 'x' } });
  await first.close();
  await using second = await openSqliteLog({ path });
  expect(second.epoch).toBe(first.epoch);
  expect(await second.append('s', [{ type: 't', data: 'b' }], { key: 'k' })).toEqual({
    first: 1,
    last: 1,
    replayed: true,
  });
  expect(await second.list('o')).toMatchObject({ rows: [{ stream: 's', title: 'x' }], next: null });
});

it('gives another store another cursor epoch', async () => {
  await using one = await openSqliteLog({ path: newPath() });
  await using other = await openSqliteLog({ path: newPath() });
  expect(one.epoch).not.toBe(other.epoch);
});

it('finds the leases of a process that is gone expired, whatever their time', async () => {
  const path = newPath();
  const first = await openSqliteLog({ path });
  const lease = await first.leases.acquire('l', { ttlMs: 3_600_000 });
  await first.close();
  await using second = await openSqliteLog({ path });
  expect(await second.leases.expired()).toEqual(['l']);
  expect(await second.leases.acquire('l', { ttlMs: 1 })).toMatchObject({ epoch: (lease?.epoch ?? 0) + 1 });
});

it('refuses a second user of the file, and leaves the first at work', async () => {
  const path = newPath();
  await using first = await openSqliteLog({ path });
  await expect(openSqliteLog({ path })).rejects.toMatchObject({
    code: 'store-in-use',
    message: expect.stringContaining(path),
  });
  await first.append('s', [{ type: 't', data: 'a' }]);
  expect(await first.head('s')).toBe(1);
});

it('commits appends of one moment together and answers each by itself', async () => {
  await using log = await openSqliteLog({ path: newPath() });
  const results = await Promise.allSettled([
    log.append('s', [{ type: 't', data: 'a' }]),
    log.append('s', [{ type: 't', data: 'x' }], { expectedOffset: 7 }),
    log.append('s', [{ type: 't', data: 'b' }]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await log.read('s', { after: 0 })).map(({ data }) => data)).toEqual(['a', 'b']);
});

it.each([
  ['a file that is no database', (path: string) => writeFileSync(path, 'This is a letter to my mother.'.repeat(100))],
  [
    "another program's database",
    (path: string) => {
      const database = new DatabaseSync(path);
      database.exec('CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES (1)');
      database.close();
    },
  ],
  [
    'a store of a newer version',
    (path: string) => {
      const database = new DatabaseSync(path);
      database.exec('CREATE TABLE future (x); PRAGMA application_id = 1449292909; PRAGMA user_version = 99');
      database.close();
    },
  ],
])('[LOG-UNTOUCHED] refuses %s with a clear error and leaves it untouched', async (_name, make) => {
  const path = newPath();
  make(path);
  const before = readFileSync(path);
  await expect(openSqliteLog({ path })).rejects.toMatchObject({ code: 'store-unusable' });
  expect(readFileSync(path).equals(before)).toBe(true);
});

it('says what to do where the folder does not exist', async () => {
  await expect(openSqliteLog({ path: join(folder, 'no', 'such', 'x.db') })).rejects.toMatchObject({
    code: 'store-unavailable',
    message: expect.stringContaining('Check that its folder exists'),
  });
});

it('recovers every acknowledged entry from a copy of the files taken while it is open', async () => {
  const path = newPath();
  const copy = newPath();
  await using log = await openSqliteLog({ path });
  for (let n = 0; n < 50; n += 1) await log.append('s', [{ type: 't', data: `${n}` }]);
  // What a crash leaves behind: the files as they are, without a clean close.
  copyFileSync(path, copy);
  copyFileSync(`${path}-wal`, `${copy}-wal`);
  await using recovered = await openSqliteLog({ path: copy });
  expect(await recovered.head('s')).toBe(50);
});

it('keeps an append whole or not at all where the disk is full, and works on for its neighbours', async () => {
  const path = newPath();
  const log = await openSqliteLog({ path, maxSizeBytes: 6_000_000 });
  await log.append('small', [{ type: 't', data: 'before' }]);
  const big = 'x'.repeat(300_000);
  const names = Array.from({ length: 40 }, (_, n) => `s${n}`);
  // One batch, larger than SQLite's page cache and than the room that there is.
  const results = await Promise.allSettled([
    ...names.map((name) =>
      log.append(
        name,
        [
          { type: 't', data: big },
          { type: 't', data: big },
        ],
        { key: 'k' },
      ),
    ),
    log.append('small', [{ type: 't', data: 'beside' }]),
  ]);
  const outcomes = results.map(({ status }) => status);
  expect(outcomes.at(-1)).toBe('fulfilled');
  expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(['fulfilled', 'rejected']));
  for (const [index, name] of names.entries()) {
    const expected = outcomes[index] === 'fulfilled' ? [1, 2] : [];
    expect((await log.read(name, { after: 0 })).map(({ offset }) => offset)).toEqual(expected);
    expect(await log.head(name)).toBe(expected.length);
  }
  const refused = results.find((result) => result.status === 'rejected');
  expect(refused?.reason).toMatchObject({ code: 'store-unavailable' });
  await log.close();
  await using roomy = await openSqliteLog({ path });
  for (const name of names)
    await roomy.append(
      name,
      [
        { type: 't', data: big },
        { type: 't', data: big },
      ],
      { key: 'k' },
    );
  expect(await Promise.all(names.map((name) => roomy.head(name)))).toEqual(names.map(() => 2));
});

it('[LOG-DURABILITY] has another cursor epoch when power was lost while commits were not flushed, and only then', async () => {
  const path = newPath();
  const log = await openSqliteLog({ path, durability: 'process' });
  await log.append('s', [{ type: 't', data: 'a' }]);

  async function epochOfCopy(statement: string): Promise<string> {
    const copy = newPath();
    copyFileSync(path, copy);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
    const database = new DatabaseSync(copy);
    database.exec(statement);
    database.close();
    const copied = await openSqliteLog({ path: copy });
    await copied.close();
    return copied.epoch;
  }

  const asAfterABoot = `UPDATE meta SET value = 'of another boot' WHERE name = 'unflushed'`;
  expect(await epochOfCopy('SELECT 1')).toBe(log.epoch); // As after kill -9.
  expect(await epochOfCopy(asAfterABoot)).not.toBe(log.epoch);
  await log.close();
  expect(await epochOfCopy(asAfterABoot)).toBe(log.epoch);
});
