import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFakeClock } from '../../../testing/fake-clock.ts';
import { openSqliteLog } from '../sqlite.ts';

let folder: string;
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-journal-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function newPath(): string {
  return join(folder, `${(files += 1)}.db`);
}

/** Rows of the journal and of the pages, as another process sees them. */
function countRows(path: string): { journal: number; pages: number } {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare(
      'SELECT (SELECT count(*) FROM journal) AS journal, (SELECT count(*) FROM pages) AS pages',
    );
    return row.get() as { journal: number; pages: number };
  } finally {
    database.close();
  }
}

it('writes one row a commit, whatever it holds', async () => {
  const path = newPath();
  await using log = await openSqliteLog({ path, gatherMs: 0 });
  await log.append('first', [{ type: 't', data: 'a' }]);
  await Promise.all(Array.from({ length: 500 }, (_, n) => log.append(`s${n % 50}`, [{ type: 't', data: `${n}` }])));
  const { journal, pages } = countRows(path);
  expect(pages).toBe(0);
  // Streams are looked up before their first append, so that some commits may come in between.
  expect(journal).toBeLessThan(60);
});

it('moves all of the journal into pages when it is old, and keeps every entry in order', async () => {
  const path = newPath();
  const clock = createFakeClock();
  await using log = await openSqliteLog({ path }, { clock });
  for (let n = 1; n <= 20; n += 1) await log.append(`s${n % 3}`, [{ type: 't', data: `${n}` }]);
  expect(countRows(path)).toEqual({ journal: 20, pages: 0 });
  await clock.advance(10_000);
  // The fold was asked for before this, and the thread does one thing after another.
  await log.append('s0', [{ type: 't', data: 'behind' }]);
  await log.append('s0', [{ type: 't', data: 'behind' }]);
  expect(countRows(path)).toEqual({ journal: 2, pages: 3 });
  expect((await log.read('s1', { after: 0 })).map(({ data }) => data)).toEqual(['1', '4', '7', '10', '13', '16', '19']);
  expect((await log.read('s0', { after: 4 })).map(({ data }) => data)).toEqual(['15', '18', 'behind', 'behind']);
});

it('leaves nothing in the journal when it closes, and few pages where much was written', async () => {
  const path = newPath();
  const log = await openSqliteLog({ path });
  const data = 'x'.repeat(1_000);
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => log.append(`s${n % 10}`, [{ type: 't', data }])));
  }
  // A commit adds 1 MB; from 16 MB on it folds twice as much.
  expect(countRows(path).journal).toBeLessThan(30);
  await log.close();
  const { journal, pages } = countRows(path);
  expect(journal).toBe(0);
  expect(pages).toBeLessThan(40_000 / 20);
  await using again = await openSqliteLog({ path });
  for (let n = 0; n < 10; n += 1) expect(await again.head(`s${n}`)).toBe(4_000);
});
