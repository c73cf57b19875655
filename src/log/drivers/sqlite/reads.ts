// What is read, each a statement or a few.
import type { SQLInputValue } from 'node:sqlite';
import type { AppendResult, IndexPage, IndexRow } from '../../log.ts';
import { formatPageToken, parsePageToken } from '../../page-token.ts';
import { searchWords } from '../../search-words.ts';
import { decodeBlock } from './block.ts';
import type { Opened, Operations, StoredStream } from './protocol.ts';
import { matchExpression } from './search.ts';
import { blob, type Sql } from './statements.ts';

export interface Reads {
  /** What there was when the store was opened. */
  opened(): Opened;
  stream(name: string): StoredStream | null;
  key(request: Operations['key']['request']): AppendResult | null;
  pages(request: Operations['pages']['request']): readonly Uint8Array[];
  list(request: Operations['list']['request']): IndexPage;
  untrimmed(request: Operations['untrimmed']['request']): Operations['untrimmed']['result'];
}

export function createReads(sql: Sql): Reads {
  return {
    opened() {
      const journal = sql('SELECT block FROM journal ORDER BY id')
        .all()
        .map((row) => blob(row['block']));
      const ids = new Set(journal.flatMap((block) => decodeBlock(block).map(({ stream }) => stream)));
      const streams = [...ids].flatMap((id) => {
        const row = sql('SELECT * FROM streams WHERE id = ?').get(id);
        return row === undefined ? [] : [storedStream(row)];
      });
      const meta = new Map(
        sql('SELECT name, value FROM meta')
          .all()
          .map((row) => [row['name'], String(row['value'])]),
      );
      return {
        epoch: meta.get('epoch') ?? '',
        leases: sql('SELECT name, epoch FROM leases')
          .all()
          .map((row) => ({ name: String(row['name']), epoch: Number(row['epoch']) })),
        lastLeaseEpoch: Number(meta.get('lease-epoch')),
        lastStreamId: Number(sql('SELECT coalesce(max(id), 0) AS last FROM streams').get()?.['last']),
        lastJournalId: Number(sql('SELECT coalesce(max(id), 0) AS last FROM journal').get()?.['last']),
        journal,
        streams,
      };
    },
    stream(name) {
      const row = sql('SELECT * FROM streams WHERE name = ?').get(name);
      return row === undefined ? null : storedStream(row);
    },
    key({ stream, key }) {
      const row = sql('SELECT first, last FROM keys WHERE stream = ? AND key = ?').get(stream, key);
      return row === undefined ? null : { first: Number(row['first']), last: Number(row['last']), replayed: true };
    },
    pages({ stream, after, maxBytes }) {
      const blocks: Uint8Array[] = [];
      let size = 0;
      const rows = sql('SELECT block FROM pages WHERE stream = ? AND last > ? ORDER BY last').iterate(stream, after);
      for (const row of rows) {
        const block = blob(row['block']);
        blocks.push(block);
        size += block.length;
        if (size >= maxBytes) break;
      }
      return blocks;
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
    untrimmed({ quietSinceMs, limit, not }) {
      const rows = sql(
        'SELECT id, name, written_at_ms FROM streams WHERE folded > trimmed AND written_at_ms < ? ORDER BY written_at_ms, id LIMIT ?',
      ).all(quietSinceMs, limit + not.length);
      const excluded = new Set(not);
      return rows
        .map((row) => ({ id: Number(row['id']), name: String(row['name']), atMs: Number(row['written_at_ms']) }))
        .filter(({ name }) => !excluded.has(name));
    },
  };
}

function storedStream(row: Record<string, unknown>): StoredStream {
  return {
    id: Number(row['id']),
    name: String(row['name']),
    folded: Number(row['folded']),
    isDeleted: row['is_deleted'] === 1,
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
