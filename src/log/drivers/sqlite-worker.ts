// The thread that owns the database. Calls that gather while a commit is under way are committed
// together, with one fsync for all; a reply is sent only after the commit that holds its write.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert, unreachable } from '../../core/assert.ts';
import { isStreamError, messageOf } from '../../core/errors.ts';
import type { Lease } from '../lease.ts';
import type { AppendResult, Entry, IndexRow } from '../log.ts';
import { fenced, offsetConflict } from '../refuse.ts';
import type { Call, Failure, Operations, Reply, WorkerSettings } from './sqlite-protocol.ts';
import { openDatabase } from './sqlite-schema.ts';

assert(parentPort !== null, 'sqlite-worker runs as a worker');
const port = parentPort;

const settings = workerData as WorkerSettings; // The driver beside this file made it.

function send(reply: Reply): void {
  port.postMessage(reply);
}

function failureOf(error: unknown): Failure {
  if (isStreamError(error)) return { code: error.code, message: error.message, details: error.details };
  return {
    code: 'store-unavailable',
    message: `Expected the store to answer, but it failed: ${messageOf(error)}. Nothing was written.`,
    details: {},
  };
}

function createStore(database: DatabaseSync) {
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

  function perform(call: Call): unknown {
    switch (call.name) {
      case 'append':
        return append(call.request);
      case 'acquire':
        return acquire(call.request);
      case 'renew':
        return renew(call.request);
      case 'release':
        return release(call.request);
      case 'expired':
        return expired(call.request);
      case 'read':
        return read(call.request);
      case 'find':
        return find(call.request);
      case 'head':
        return findStream(call.request.stream)?.head ?? 0;
      case 'list':
        return list(call.request);
      default:
        return unreachable(call);
    }
  }

  /** Answers a call that only reads. */
  function answer(call: Call): Reply {
    try {
      return { type: 'result', id: call.id, result: perform(call) };
    } catch (error) {
      return { type: 'failure', id: call.id, failure: failureOf(error) };
    }
  }

  /** Answers a call that writes, in a transaction: a refusal is its own, a failure is everybody's. */
  function answerWriting(call: Call): Reply {
    try {
      return { type: 'result', id: call.id, result: perform(call) };
    } catch (error) {
      // SQLite may have rolled everything back by itself: what follows would be written bit by bit.
      if (!isStreamError(error)) throw error;
      return { type: 'failure', id: call.id, failure: failureOf(error) };
    }
  }

  function transact(calls: readonly Call[]): Reply[] {
    database.exec('BEGIN IMMEDIATE');
    try {
      const replies = calls.map(answerWriting);
      database.exec('COMMIT');
      return replies;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Commits the calls together. Where that fails, each by itself, so that none fails for another. */
  function commit(calls: readonly Call[]): Reply[] {
    try {
      return transact(calls);
    } catch (error) {
      if (calls.length > 1) return calls.flatMap((call) => commit([call]));
      return calls.map(({ id }) => ({ type: 'failure', id, failure: failureOf(error) }));
    }
  }

  return { answer, commit };
}

const writes: ReadonlySet<string> = new Set(['append', 'acquire', 'renew', 'release']);

function serve(database: DatabaseSync): void {
  const store = createStore(database);
  port.on('message', (first: Call | 'close') => {
    const waiting: Array<Call | 'close'> = [first];
    // All that arrived while the last commit was under way.
    for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port)) {
      waiting.push(more.message as Call | 'close'); // The driver beside this file sends nothing else.
    }
    const calls = waiting.filter((call) => call !== 'close');
    const writing = calls.filter(({ name }) => writes.has(name));
    if (writing.length > 0) store.commit(writing).forEach(send);
    for (const call of calls) if (!writes.has(call.name)) send(store.answer(call));
    if (waiting.includes('close')) {
      database.close();
      port.close();
    }
  });
}

try {
  const { database, epoch } = openDatabase(settings);
  send({ type: 'opened', epoch });
  serve(database);
} catch (error) {
  send({ type: 'open-failed', failure: failureOf(error) });
}
