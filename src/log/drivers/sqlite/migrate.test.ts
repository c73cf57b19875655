import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createVersion1 } from '../../../../test/support/version-1.ts';
import { openSqliteLog } from '../sqlite.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-migrate-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function writeVersion1(path: string, entries: number): void {
  const database = new DatabaseSync(path);
  createVersion1(database);
  database.exec(`
    INSERT INTO streams VALUES (1, 'c1', ${entries}, 'o', 'Über Äpfel', 5, 900), (2, 'keys:o', 1, NULL, '', 6, 6);
    INSERT INTO entries VALUES (2, 1, 'create', '{}', 6);
    INSERT INTO keys VALUES (1, 'send:k', 2, 3), (2, 'k', 1, 1);
  `);
  const insert = database.prepare('INSERT INTO entries VALUES (1, ?, ?, ?, ?)');
  database.exec('BEGIN');
  for (let offset = 1; offset <= entries; offset += 1) insert.run(offset, 'delta', `text ${offset}`, 100 + offset);
  database.exec('COMMIT');
  database.close();
}

it('[LOG-MIGRATE] brings a store of version 1 up to date with all that it holds', async () => {
  const path = join(folder, 'old.db');
  writeVersion1(path, 30_000);
  for (const round of ['first', 'again']) {
    await using log = await openSqliteLog({ path });
    expect(log.epoch, round).toBe('abcd1234');
    expect(await log.head('c1')).toBe(30_000);
    const last = await log.read('c1', { after: 29_998 });
    expect(last).toEqual([
      { type: 'delta', data: 'text 29999', from: 29_999, offset: 29_999, atMs: 30_099 },
      { type: 'delta', data: 'text 30000', from: 30_000, offset: 30_000, atMs: 30_100 },
    ]);
    expect(await log.find('c1', 'send:k')).toEqual({ first: 2, last: 3, replayed: true });
    expect((await log.list('o', { search: 'apfel' })).rows).toEqual([
      { stream: 'c1', title: 'Über Äpfel', createdAtMs: 5, updatedAtMs: 900 },
    ]);
    expect(await log.leases.expired()).toEqual(['cut']);
  }
  await using log = await openSqliteLog({ path });
  // Behind every epoch that was ever given, those of released leases included.
  expect(await log.leases.acquire('cut', { ttlMs: 1_000 })).toMatchObject({ epoch: 10 });
  expect(await log.append('c1', [{ type: 't', data: 'new' }])).toMatchObject({ first: 30_001 });
});
