// The thread that owns the database, so that waiting for the disk never holds up delivery. It does
// one call after another: a commit, with one flush of the disk, or a read.
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, unreachable } from '../../../core/assert.ts';
import { systemTimers } from '../../../core/clock.ts';
import { isStreamError, messageOf } from '../../../core/errors.ts';
import type { Call, Commit, Failure, Reply, WorkerSettings } from './protocol.ts';
import { openDatabase, sqliteCode } from './schema.ts';
import { createReads } from './reads.ts';
import { prepareOnce } from './statements.ts';
import { createWrites } from './writes.ts';

assert(parentPort !== null, 'the worker of the SQLite driver runs as a worker');
const port = parentPort;
const sqliteBusy = 5;

const settings = workerData as WorkerSettings; // The driver beside this file made it.

function send(reply: Reply): void {
  port.postMessage(reply);
}

function failureOf(error: unknown): Failure {
  if (isStreamError(error)) return { code: error.code, message: error.message, details: error.details };
  const code = sqliteCode(error);
  if (code === 11 || code === 26) {
    return {
      code: 'store-unusable',
      message: `Expected a sound store, but ${settings.path} is damaged: ${messageOf(error)}. Restore a backup.`,
      details: {},
    };
  }
  if (code === sqliteBusy) {
    return {
      code: 'store-unavailable',
      message: `Expected to write into ${settings.path}, but another program has locked it. Nothing was written: end that one.`,
      details: { isLocked: true },
    };
  }
  return {
    code: 'store-unavailable',
    message: `Expected the store to answer, but it failed: ${messageOf(error)}. Nothing was written.`,
    details: {},
  };
}

/** Answers calls over the store's operations. */
function createDesk(database: DatabaseSync) {
  const sql = prepareOnce(database);
  const reads = createReads(sql);
  const writes = createWrites(database, sql);

  function transact(work: () => void): void {
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      database.exec('COMMIT');
    } catch (error) {
      // SQLite may have rolled back by itself.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Gives whether the pages were written: where there is no room for all, the entries go first. */
  function commit(request: Commit): boolean {
    const hasPages = request.pages.length > 0 || request.dropJournalThrough > 0;
    try {
      transact(() => {
        writes.entries(request);
        if (hasPages) writes.pages(request);
      });
      return true;
    } catch (error) {
      if (!hasPages || sqliteCode(error) === sqliteBusy) throw error;
      transact(() => writes.entries(request));
      return false;
    }
  }

  function perform(call: Call): unknown {
    switch (call.name) {
      case 'commit':
        return commit(call.request);
      case 'trim':
        transact(() => writes.trim(call.request));
        return null;
      case 'stream':
        return reads.stream(call.request.name);
      case 'key':
        return reads.key(call.request);
      case 'pages':
        return reads.pages(call.request);
      case 'list':
        return reads.list(call.request);
      case 'untrimmed':
        return reads.untrimmed(call.request);
      case 'rest':
        return null;
      default:
        return unreachable(call);
    }
  }

  function answer(call: Call): Reply {
    try {
      return { type: 'result', id: call.id, result: perform(call) };
    } catch (error) {
      return { type: 'failure', id: call.id, failure: failureOf(error) };
    }
  }

  return { answer, opened: reads.opened };
}

try {
  const { database, close } = openDatabase(settings);
  try {
    const desk = createDesk(database);
    send({ type: 'opened', opened: desk.opened() });
    port.on('message', (call: Call | 'close') => {
      if (call !== 'close') {
        if (call.name === 'rest') systemTimers.setTimer(call.request.ms, () => send(desk.answer(call)));
        else send(desk.answer(call));
        return;
      }
      close();
      port.close();
    });
  } catch (error) {
    close();
    throw error;
  }
} catch (error) {
  send({ type: 'open-failed', failure: failureOf(error) });
}
