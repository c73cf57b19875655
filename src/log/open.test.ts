import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { backUpLog, openLog } from './open.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-open-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  'sqlite:',
  'postgres://localhost/x',
  'verbatim.db',
  'sqlite:x.db?durability=none',
  'sqlite:x.db?durabilty=process',
  'memory:x',
])('refuses the store %s with what it expected', async (url) => {
  await expect(openLog(url)).rejects.toMatchObject({
    code: 'invalid-input',
    message: expect.stringContaining(url),
  });
});

it('[LOG-DURABILITY] commits without a flush of the disk for each only where that was asked for', async () => {
  for (const [query, entry] of [
    ['', 'a'],
    ['?durability=disk', 'b'],
    ['?durability=process', 'c'],
  ] as const) {
    const log = await openLog(`sqlite:${join(folder, 'durability.db')}${query}`);
    await log.append('s', [{ type: 't', data: entry }]);
    await log.close();
  }
  await using log = await openLog(`sqlite:${join(folder, 'durability.db')}`);
  expect((await log.read('s', { after: 0 })).map(({ data }) => data)).toEqual(['a', 'b', 'c']);
});

it('[LOG-BACKUP] copies a store that is at work, whole, with a cursor epoch of its own', async () => {
  const url = `sqlite:${join(folder, 'live.db')}`;
  const copy = join(folder, 'copy.db');
  await using log = await openLog(url);
  const names = Array.from({ length: 50 }, (_, n) => `s${n}`);
  const write = (data: string) =>
    Promise.all(names.map((name) => log.append(name, [{ type: 't', data }], { index: { owner: 'o', title: name } })));
  await write('before');
  const beside = write('beside');
  await backUpLog(url, copy);
  await beside;
  await using copied = await openLog(`sqlite:${copy}`);
  expect(copied.epoch).not.toBe(log.epoch);
  for (const name of names) expect((await copied.read(name, { after: 0 }))[0]).toMatchObject({ data: 'before' });
  expect((await copied.list('o')).rows).toHaveLength(names.length);
  expect(existsSync(`${copy}.partial`)).toBe(false);
});

it('[LOG-BACKUP] never writes over a file, and says what it lacks', async () => {
  const path = join(folder, 'one.db');
  await (await openLog(`sqlite:${path}`)).close();
  await expect(backUpLog(`sqlite:${path}`, path)).rejects.toMatchObject({ code: 'invalid-input' });
  for (const url of ['memory:', 'sqlite::memory:']) {
    await expect(backUpLog(url, join(folder, 'new.db'))).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('Expected a store in a file'),
    });
  }
  await expect(backUpLog(`sqlite:${join(folder, 'none.db')}`, join(folder, 'new.db'))).rejects.toMatchObject({
    code: 'invalid-input',
    message: expect.stringContaining('none.db'),
  });
  await expect(backUpLog(`sqlite:${path}`, join(folder, 'no', 'folder.db'))).rejects.toMatchObject({
    code: 'store-unavailable',
  });
});

it('[LOG-BACKUP] refuses what is no store of this program', async () => {
  const path = join(folder, 'recipes.db');
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE recipes (name TEXT)');
  database.close();
  await expect(backUpLog(`sqlite:${path}`, join(folder, 'new.db'))).rejects.toMatchObject({ code: 'store-unusable' });
  expect(existsSync(join(folder, 'new.db'))).toBe(false);
});

it('[LOG-BACKUP] says of a damaged store that it is, and leaves no copy', async () => {
  const path = join(folder, 'damaged.db');
  const log = await openLog(`sqlite:${path}`);
  await log.append('s', [{ type: 't', data: 'x'.repeat(200_000) }]);
  await log.close();
  const database = new DatabaseSync(path, { readOnly: true });
  const root = Number(database.prepare(`SELECT rootpage FROM sqlite_master WHERE name = 'pages'`).get()?.['rootpage']);
  const pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
  database.close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xff, (root - 1) * pageBytes, root * pageBytes));
  await expect(backUpLog(`sqlite:${path}`, join(folder, 'new.db'))).rejects.toMatchObject({ code: 'store-unusable' });
  expect(existsSync(join(folder, 'new.db'))).toBe(false);
  expect(existsSync(join(folder, 'new.db.partial'))).toBe(false);
});
