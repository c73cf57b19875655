// The operations of the store, each a few statements. They know nothing of transactions: the
// worker beside this file puts those that write into one.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Lease } from '../lease.ts';
import type { AppendResult, Entry, IndexRow } from '../log.ts';
import { fenced, offsetConflict } from '../refuse.ts';
import type { OperationName, Operations } from './sqlite-protocol.ts';

/** A function for each operation. */
export type Store = { [Name in OperationName]: (request: Operations[Name]['request']) => Operations[Name]['result'] };

export function createStore(database: DatabaseSync): Store {
  const cache = new Map<string, StatementSync>();
  function sql(text: string): StatementSync {
    let statement = cache.get(text);
    if (statement === undefined) cache.set(text, (statement = database.prepare(text)));
    return statement;
  }

  function findStream(name: string): { id: number; head: number } | undefined {
    const row = sql('SELECT id, head FROM streams WHERE name = ?').get(name);
    return row === undefined ? undefined : { id: Number(row['id']), head: Number(row['head']) };
  }

  function append({ stream, entries, options, nowMs }: Operations['append']['request']): AppendResult {
    const found = findStream(stream);
    const { key, lease, expectedOffset, index } = options;
    const seen = key === undefined ? null : find({ stream, key });
    if (seen !== null) return seen;
    if (lease !== undefined) {
      const held = sql('SELECT epoch, released FROM leases WHERE name = ?').get(lease.name);
      if (held?.['epoch'] !== lease.epoch || held['released'] !== 0) {
        throw fenced(lease, held === undefined ? undefined : Number(held['epoch']));
      }
    }
    const head = found?.head ?? 0;
    if (expectedOffset !== undefined && expectedOffset !== head) throw offsetConflict(stream, expectedOffset, head);
    // Every refusal is above this line: from here on the call writes all or fails with its transaction.
    const last = head + entries.length;
    const id = found?.id ?? createStream(stream, nowMs);
    const insert = sql('INSERT INTO entries (stream, "offset", type, data, at_ms) VALUES (?, ?, ?, ?, ?)');
    entries.forEach(({ type, data }, position) => insert.run(id, head + position + 1, type, data, nowMs));
    sql('UPDATE streams SET head = ?, updated_at_ms = ? WHERE id = ?').run(last, nowMs, id);
    if (index !== undefined) {
      sql('UPDATE streams SET owner = ?, title = ? WHERE id = ?').run(index.owner, index.title, id);
    }
    if (key !== undefined) {
      sql('INSERT INTO keys (stream, key, first, last) VALUES (?, ?, ?, ?)').run(id, key, head + 1, last);
    }
    return { first: head + 1, last, replayed: false };
  }

  function find({ stream, key }: Operations['find']['request']): AppendResult | null {
    const found = findStream(stream);
    const seen =
      found === undefined
        ? undefined
        : sql('SELECT first, last FROM keys WHERE stream = ? AND key = ?').get(found.id, key);
    return seen === undefined ? null : { first: Number(seen['first']), last: Number(seen['last']), replayed: true };
  }

  function createStream(name: string, nowMs: number): number {
    const insert = sql('INSERT INTO streams (name, head, created_at_ms, updated_at_ms) VALUES (?, 0, ?, ?)');
    return Number(insert.run(name, nowMs, nowMs).lastInsertRowid);
  }

  function acquire({ name, ttlMs, nowMs }: Operations['acquire']['request']): Lease | null {
    const held = sql('SELECT epoch, expires_at_ms, released FROM leases WHERE name = ?').get(name);
    if (held !== undefined && held['released'] === 0 && Number(held['expires_at_ms']) > nowMs) return null;
    const lease = { name, epoch: Number(held?.['epoch'] ?? 0) + 1, expiresAtMs: nowMs + ttlMs };
    sql('INSERT OR REPLACE INTO leases (name, epoch, expires_at_ms, released) VALUES (?, ?, ?, 0)').run(
      lease.name,
      lease.epoch,
      lease.expiresAtMs,
    );
    return lease;
  }

  function renew({ lease, ttlMs, nowMs }: Operations['renew']['request']): Lease | null {
    const renewed = { ...lease, expiresAtMs: nowMs + ttlMs };
    const { changes } = sql('UPDATE leases SET expires_at_ms = ? WHERE name = ? AND epoch = ? AND released = 0').run(
      renewed.expiresAtMs,
      lease.name,
      lease.epoch,
    );
    return Number(changes) === 1 ? renewed : null;
  }

  function release({ lease }: Operations['release']['request']): null {
    sql('UPDATE leases SET released = 1 WHERE name = ? AND epoch = ?').run(lease.name, lease.epoch);
    return null;
  }

  function expired({ nowMs }: Operations['expired']['request']): string[] {
    const rows = sql('SELECT name FROM leases WHERE released = 0 AND expires_at_ms <= ?').all(nowMs);
    return rows.map((row) => String(row['name']));
  }

  function read({ stream, after, limit }: Operations['read']['request']): Entry[] {
    const found = findStream(stream);
    if (found === undefined || found.head <= after) return [];
    const rows = sql(
      'SELECT "offset", type, data, at_ms FROM entries WHERE stream = ? AND "offset" > ? ORDER BY "offset" LIMIT ?',
    ).all(found.id, after, limit);
    return rows.map((row) => ({
      offset: Number(row['offset']),
      type: String(row['type']),
      data: String(row['data']),
      atMs: Number(row['at_ms']),
    }));
  }

  function list({ owner, limit }: Operations['list']['request']): IndexRow[] {
    const rows = sql(
      'SELECT name, title, created_at_ms, updated_at_ms FROM streams WHERE owner = ? ORDER BY id DESC LIMIT ?',
    ).all(owner, limit);
    return rows.map((row) => ({
      stream: String(row['name']),
      title: String(row['title']),
      createdAtMs: Number(row['created_at_ms']),
      updatedAtMs: Number(row['updated_at_ms']),
    }));
  }

  return {
    append,
    acquire,
    renew,
    release,
    expired,
    read,
    find,
    head: ({ stream }) => findStream(stream)?.head ?? 0,
    list,
  };
}
