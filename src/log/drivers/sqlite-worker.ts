// The thread that owns the database. Calls that gather while a commit is under way are committed
// together, with one fsync for all; a reply is sent only after the commit that holds its write.
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert, unreachable } from '../../core/assert.ts';
import { isStreamError, messageOf } from '../../core/errors.ts';
import type { Call, Failure, Reply, WorkerSettings } from './sqlite-protocol.ts';
import { openDatabase } from './sqlite-schema.ts';
import { createStore } from './sqlite-store.ts';

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

function failed({ id }: Call, error: unknown): Reply {
  return { type: 'failure', id, failure: failureOf(error) };
}

/** Answers calls over the store's operations. */
function createDesk(database: DatabaseSync) {
  const store = createStore(database);

  function perform(call: Call): unknown {
    switch (call.name) {
      case 'append':
        return store.append(call.request);
      case 'acquire':
        return store.acquire(call.request);
      case 'renew':
        return store.renew(call.request);
      case 'release':
        return store.release(call.request);
      case 'expired':
        return store.expired(call.request);
      case 'read':
        return store.read(call.request);
      case 'find':
        return store.find(call.request);
      case 'head':
        return store.head(call.request);
      case 'list':
        return store.list(call.request);
      default:
        return unreachable(call);
    }
  }

  /** Answers a call: a refusal is its own; a failure of SQLite is thrown. */
  function answerOrThrow(call: Call): Reply {
    try {
      return { type: 'result', id: call.id, result: perform(call) };
    } catch (error) {
      // In a transaction SQLite may have rolled everything back by itself: what follows would be
      // written bit by bit.
      if (!isStreamError(error)) throw error;
      return failed(call, error);
    }
  }

  /** Answers a call that only reads. */
  function answer(call: Call): Reply {
    try {
      return answerOrThrow(call);
    } catch (error) {
      return failed(call, error);
    }
  }

  function transact(calls: readonly Call[]): Reply[] {
    database.exec('BEGIN IMMEDIATE');
    try {
      const replies = calls.map(answerOrThrow);
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
      return calls.map((call) => failed(call, error));
    }
  }

  return { answer, commit };
}

const writes: ReadonlySet<string> = new Set(['append', 'acquire', 'renew', 'release']);

function serve(database: DatabaseSync): void {
  const desk = createDesk(database);
  port.on('message', (first: Call | 'close') => {
    const waiting: Array<Call | 'close'> = [first];
    // All that arrived while the last commit was under way.
    for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port)) {
      waiting.push(more.message as Call | 'close'); // The driver beside this file sends nothing else.
    }
    const calls = waiting.filter((call) => call !== 'close');
    const writing = calls.filter(({ name }) => writes.has(name));
    if (writing.length > 0) desk.commit(writing).forEach(send);
    for (const call of calls) if (!writes.has(call.name)) send(desk.answer(call));
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
