// Stores of older versions, brought to today's tables.
import type { DatabaseSync } from 'node:sqlite';
import type { Entry } from '../../log.ts';
import { pagesOf } from './pages.ts';
import { createSearch } from './search.ts';

/** Version 1 had a row an entry, and no search. */
export function migrateFrom1(database: DatabaseSync, schema: string): void {
  database.exec(`
    DROP INDEX streams_by_owner;
    ALTER TABLE meta RENAME TO old_meta;
    ALTER TABLE streams RENAME TO old_streams;
    ALTER TABLE keys RENAME TO old_keys;
    ALTER TABLE leases RENAME TO old_leases;
    ${schema}
    INSERT INTO meta (name, value) SELECT name, value FROM old_meta;
    INSERT INTO meta (name, value) SELECT 'lease-epoch', CAST(coalesce(max(epoch), 0) AS TEXT) FROM old_leases;
    INSERT INTO leases (name, epoch) SELECT name, epoch FROM old_leases WHERE released = 0;
    INSERT INTO streams (id, name, folded, written_at_ms, trimmed, is_deleted)
      SELECT id, name, head, updated_at_ms, 0, 0 FROM old_streams;
    INSERT INTO keys (stream, key, first, last) SELECT stream, key, first, last FROM old_keys;
    INSERT INTO listed (stream, owner, title, created_at_ms, updated_at_ms)
      SELECT id, owner, title, created_at_ms, updated_at_ms FROM old_streams WHERE owner IS NOT NULL;
  `);
  const search = createSearch(database);
  for (const row of database.prepare('SELECT stream, title FROM listed').all()) {
    search.setTitle(Number(row['stream']), String(row['title']));
  }
  for (const row of database.prepare('SELECT id FROM streams').all()) foldStream(database, Number(row['id']));
  database.exec(
    'DROP TABLE entries; DROP TABLE old_meta; DROP TABLE old_streams; DROP TABLE old_keys; DROP TABLE old_leases',
  );
}

function foldStream(database: DatabaseSync, stream: number): void {
  const insert = database.prepare('INSERT INTO pages (stream, first, last, block) VALUES (?, ?, ?, ?)');
  const rows = database.prepare('SELECT "offset", type, data, at_ms FROM entries WHERE stream = ? ORDER BY "offset"');
  const entries = rows.all(stream).map((row): Entry => {
    const offset = Number(row['offset']);
    return { from: offset, offset, type: String(row['type']), data: String(row['data']), atMs: Number(row['at_ms']) };
  });
  for (const { first, last, block } of pagesOf(stream, entries)) insert.run(stream, first, last, block);
}
