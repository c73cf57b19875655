// What is written, each a few statements. They know nothing of transactions: the worker beside this
// file puts those of a commit into one.
import type { DatabaseSync } from 'node:sqlite';
import { unreachable } from '../../../core/assert.ts';
import type { Entry } from '../../log.ts';
import { trimConflict } from '../../refuse.ts';
import { decodeBlock } from './block.ts';
import type { FoldStep } from './journal.ts';
import { pagesOf, type Page } from './pages.ts';
import type { Change, Commit, Operations } from './protocol.ts';
import { createSearch } from './search.ts';
import { blob, type Sql } from './statements.ts';

export interface Writes {
  /** The commit's changes, and its row of the journal. */
  commit(commit: Commit, journalId: number): void;
  /** Pages of what was in the journal only, and rows that go for it. */
  fold(step: Pick<FoldStep, 'pages' | 'dropThrough'>): void;
  /** Errors: `offset-conflict`. */
  trim(request: Operations['trim']['request']): void;
}

export function createWrites(database: DatabaseSync, sql: Sql): Writes {
  const search = createSearch(database);

  function apply(change: Change): void {
    switch (change.type) {
      case 'stream':
        sql('INSERT INTO streams (id, name, folded, written_at_ms, trimmed, is_deleted) VALUES (?, ?, 0, ?, 0, 0)').run(
          change.id,
          change.name,
          change.atMs,
        );
        return;
      case 'key':
        sql('INSERT INTO keys (stream, key, first, last) VALUES (?, ?, ?, ?)').run(
          change.stream,
          change.key,
          change.first,
          change.last,
        );
        return;
      case 'index':
        writeIndex(change);
        return;
      case 'lease':
        sql('INSERT OR REPLACE INTO leases (name, epoch) VALUES (?, ?)').run(change.name, change.epoch);
        sql(`UPDATE meta SET value = ? WHERE name = 'lease-epoch'`).run(String(change.epoch));
        return;
      case 'release':
        sql('DELETE FROM leases WHERE name = ?').run(change.name);
        return;
      case 'delete':
        removeStream(change.stream);
        return;
      default:
        unreachable(change);
    }
  }

  function writeIndex({ stream, index, atMs }: Extract<Change, { type: 'index' }>): void {
    const { owner, text } = index;
    const before = sql('SELECT title FROM listed WHERE stream = ?').get(stream)?.['title'];
    const title = index.title ?? String(before ?? '');
    if (before !== title) search.setTitle(stream, title);
    if (text !== undefined) search.addText(stream, text);
    sql(
      'INSERT INTO listed (stream, owner, title, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?) ' +
        'ON CONFLICT (stream) DO UPDATE SET owner = excluded.owner, title = excluded.title, updated_at_ms = excluded.updated_at_ms',
    ).run(stream, owner, title, atMs, atMs);
  }

  function removeStream(stream: number): void {
    search.remove(stream);
    sql('DELETE FROM pages WHERE stream = ?').run(stream);
    sql('DELETE FROM keys WHERE stream = ?').run(stream);
    sql('DELETE FROM listed WHERE stream = ?').run(stream);
    sql('UPDATE streams SET is_deleted = 1, trimmed = folded WHERE id = ?').run(stream);
  }

  function insertPage({ stream, first, last, block }: Page): void {
    sql('INSERT INTO pages (stream, first, last, block) VALUES (?, ?, ?, ?)').run(stream, first, last, block);
  }

  return {
    commit({ block, changes }, journalId) {
      for (const change of changes) apply(change);
      if (block !== null) sql('INSERT INTO journal (id, block) VALUES (?, ?)').run(journalId, block);
    },
    fold({ pages, dropThrough }) {
      for (const page of pages) {
        insertPage(page);
        sql('UPDATE streams SET folded = ?, written_at_ms = ? WHERE id = ?').run(page.last, page.atMs, page.stream);
      }
      if (dropThrough > 0) sql('DELETE FROM journal WHERE id <= ?').run(dropThrough);
    },
    trim({ name, stream, entries }) {
      const from = entries[0]?.from ?? 0;
      const through = entries.at(-1)?.offset ?? 0;
      const overlap = 'FROM pages WHERE stream = ? AND last >= ? AND first <= ?';
      const rows = sql(`SELECT first, last, block ${overlap} ORDER BY last`).all(stream, from, through);
      // Entries of the outermost pages that lie outside stay as they are.
      const before = entriesIn(rows.at(0)).filter(({ offset }) => offset < from);
      const behind = entriesIn(rows.at(-1)).filter((entry) => entry.from > through);
      const begins = before.at(-1)?.offset ?? Number(rows.at(0)?.['first']) - 1;
      const ends = behind.at(0)?.from ?? Number(rows.at(-1)?.['last']) + 1;
      if (begins !== from - 1 || ends !== through + 1) throw trimConflict(name, { from, through });
      sql(`DELETE ${overlap}`).run(stream, from, through);
      for (const part of [before, entries, behind]) pagesOf(stream, part).forEach(insertPage);
      sql('UPDATE streams SET trimmed = max(trimmed, ?) WHERE id = ?').run(through, stream);
    },
  };
}

function entriesIn(page: Record<string, unknown> | undefined): readonly Entry[] {
  return page === undefined ? [] : decodeBlock(blob(page['block']));
}
