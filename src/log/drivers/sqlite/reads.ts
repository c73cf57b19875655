// What is read, each a statement or a few.
import type { SQLInputValue } from 'node:sqlite';
import type { AppendResult, IndexPage, IndexRow } from '../../log.ts';
import { formatPageToken, parsePageToken } from '../../page-token.ts';
import { searchWords } from '../../search-words.ts';
import { joinGroups } from './block.ts';
import type { Journal } from './journal.ts';
import type { Opened, Operations, StoredStream } from './protocol.ts';
import { matchExpression } from './search.ts';
import { blob, type Sql } from './statements.ts';

export interface Reads {
  /** What there was when the store was opened; fills the journal. */
  opened(): Opened;
  stream(name: string): StoredStream | null;
  key(request: Operations['key']['request']): AppendResult | null;
  blocks(request: Operations['read']['request']): readonly Uint8Array[];
  list(request: Operations['list']['request']): IndexPage;
  untrimmed(request: Operations['untrimmed']['request']): readonly string[];
}

export function createReads(sql: Sql, journal: Journal): Reads {
  function meta(name: string): string {
    return String(sql('SELECT value FROM meta WHERE name = ?').get(name)?.['value']);
  }

  /** The last offset that a page holds; all where the stream was deleted. */
  function foldedOf(stream: number): number {
    const row = sql('SELECT folded, is_deleted FROM streams WHERE id = ?').get(stream);
    return row === undefined || row['is_deleted'] === 1 ? Infinity : Number(row['folded']);
  }

  return {
    opened() {
      for (const row of sql('SELECT id, block FROM journal ORDER BY id').iterate()) {
        journal.add(Number(row['id']), blob(row['block']), foldedOf);
      }
      return {
        epoch: meta('epoch'),
        leases: sql('SELECT name, epoch FROM leases')
          .all()
          .map((row) => ({ name: String(row['name']), epoch: Number(row['epoch']) })),
        lastLeaseEpoch: Number(meta('lease-epoch')),
        lastStreamId: Number(sql('SELECT coalesce(max(id), 0) AS last FROM streams').get()?.['last']),
      };
    },
    stream(name) {
      const row = sql('SELECT id, folded, is_deleted FROM streams WHERE name = ?').get(name);
      if (row === undefined) return null;
      const id = Number(row['id']);
      const head = journal.last(id) ?? Number(row['folded']);
      return { id, head, isDeleted: row['is_deleted'] === 1 };
    },
    key({ stream, key }) {
      const row = sql('SELECT first, last FROM keys WHERE stream = ? AND key = ?').get(stream, key);
      return row === undefined ? null : { first: Number(row['first']), last: Number(row['last']), replayed: true };
    },
    blocks({ stream, after, maxBytes }) {
      const blocks: Uint8Array[] = [];
      let size = 0;
      const pages = sql('SELECT block FROM pages WHERE stream = ? AND last > ? ORDER BY last').iterate(stream, after);
      for (const row of pages) {
        const block = blob(row['block']);
        blocks.push(block);
        size += block.length;
        if (size >= maxBytes) return blocks;
      }
      const groups = journal.groups(stream).filter(({ last }) => last > after);
      return groups.length === 0 ? blocks : [...blocks, joinGroups(groups)];
    },
    list({ owner, options }) {
      const { limit = 100, pageToken, search: query = '' } = options;
      const place = pageToken === undefined ? undefined : parsePageToken(pageToken);
      const words = searchWords(query);
      const conditions = ['owner = ?'];
      const values: SQLInputValue[] = [owner];
      if (place !== undefined) {
        conditions.push('(updated_at_ms, stream) < (?, ?)');
        values.push(place.updatedAtMs, place.id);
      }
      if (words.length > 0) {
        conditions.push(
          'stream IN (SELECT documents.stream FROM search JOIN documents ON documents.id = search.rowid WHERE search MATCH ?)',
        );
        values.push(matchExpression(words));
      }
      const rows = sql(
        'SELECT stream, name, title, created_at_ms, updated_at_ms FROM listed JOIN streams ON streams.id = listed.stream ' +
          `WHERE ${conditions.join(' AND ')} ORDER BY updated_at_ms DESC, stream DESC LIMIT ?`,
      ).all(...values, limit + 1);
      const last = rows.length > limit ? rows[limit - 1] : undefined;
      return {
        rows: rows.slice(0, limit).map(indexRow),
        next:
          last === undefined
            ? null
            : formatPageToken({ updatedAtMs: Number(last['updated_at_ms']), id: Number(last['stream']) }),
      };
    },
    untrimmed({ quietSinceMs, limit }) {
      // Of those that the journal holds entries of, the table does not know the newest.
      const inJournal = new Map(journal.streams().map(({ stream, atMs }) => [stream, atMs]));
      const rows = sql(
        'SELECT id, written_at_ms FROM streams WHERE folded > trimmed AND written_at_ms < ? ORDER BY written_at_ms, id LIMIT ?',
      ).all(quietSinceMs, limit + inJournal.size);
      const quiet = rows
        .map((row) => ({ id: Number(row['id']), atMs: Number(row['written_at_ms']) }))
        .filter(({ id }) => !inJournal.has(id));
      for (const [id, atMs] of inJournal) if (atMs < quietSinceMs) quiet.push({ id, atMs });
      return quiet
        .toSorted((a, b) => a.atMs - b.atMs || a.id - b.id)
        .slice(0, limit)
        .map(({ id }) => String(sql('SELECT name FROM streams WHERE id = ?').get(id)?.['name']));
    },
  };
}

function indexRow(row: Record<string, unknown>): IndexRow {
  return {
    stream: String(row['name']),
    title: String(row['title']),
    createdAtMs: Number(row['created_at_ms']),
    updatedAtMs: Number(row['updated_at_ms']),
  };
}
