// The thread that owns the database, so that waiting for the disk never holds up delivery. It does
// one call after another: a commit, with one flush of the disk, or a read.
import type { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, unreachable } from '../../../core/assert.ts';
import { systemTimers } from '../../../core/clock.ts';
import { isStreamError, messageOf } from '../../../core/errors.ts';
import { createCheckpointer, type Checkpointer } from './checkpointer.ts';
import { createJournal } from './journal.ts';
import { pagesOfGroups } from './pages.ts';
import type { Call, Commit, Failure, Operations, Reply, WorkerSettings } from './protocol.ts';
import { openDatabase, pageBytes, sqliteCode, sqliteCodes } from './schema.ts';
import { createReads } from './reads.ts';
import { prepareOnce } from './statements.ts';
import { createWrites } from './writes.ts';

assert(parentPort !== null, 'the worker of the SQLite driver runs as a worker');
const port = parentPort;

const settings = workerData as WorkerSettings; // The driver beside this file made it.

const maxWalBytes = 4 * 1024 * 1024; // Measured: the more at once, the longer commits wait for the disk.
const restMs = 1_000; // Chosen: how soon it is folded again where there was no room.

function send(reply: Reply): void {
  port.postMessage(reply);
}

function failureOf(error: unknown): Failure {
  if (isStreamError(error)) return { code: error.code, message: error.message, details: error.details };
  const code = sqliteCode(error);
  if (code === sqliteCodes.corrupt || code === sqliteCodes.notADatabase) {
    return {
      code: 'store-unusable',
      message: `Expected a sound store, but ${settings.path} is damaged: ${messageOf(error)}. Restore a backup.`,
      details: {},
    };
  }
  if (code === sqliteCodes.busy) {
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
function createDesk(database: DatabaseSync, checkpointer: Checkpointer) {
  const sql = prepareOnce(database);
  const journal = createJournal();
  const reads = createReads(sql, journal);
  const writes = createWrites(database, sql);
  const opened = reads.opened();
  let lastJournalId = Number(sql('SELECT coalesce(max(id), 0) AS last FROM journal').get()?.['last']);
  let noFoldBeforeMs = 0;
  let walBytes = 0; // About.
  let isCheckpointing = false;

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

  /** With the step of the folding that is prepared; but where there is no room for it, without. */
  function commit(request: Commit): null {
    const { block } = request;
    const step = systemTimers.now() < noFoldBeforeMs ? undefined : journal.step();
    const journalId = lastJournalId + 1;
    try {
      transact(() => {
        // First, so that a delete takes these pages, too.
        if (step !== undefined) writes.fold(step);
        writes.commit(request, journalId);
      });
      step?.done();
    } catch (error) {
      if (step === undefined || sqliteCode(error) === sqliteCodes.busy) throw error;
      noFoldBeforeMs = systemTimers.now() + restMs;
      transact(() => writes.commit(request, journalId));
    }
    if (block !== null) lastJournalId = journalId;
    return null;
  }

  /** What a commit needs not wait for; before anything else is asked for. */
  function finish({ block, changes }: Commit): void {
    if (block !== null) journal.add(lastJournalId, block);
    for (const change of changes) if (change.type === 'delete') journal.forget(change.stream);
    checkpointWhereNeeded(block?.length ?? 0);
    journal.prepare({ addedBytes: block?.length ?? 0, always: false });
  }

  function checkpointWhereNeeded(addedBytes: number): void {
    // Measured: some pages for any commit; the bytes as a row, as pages, and as what both leave half empty.
    walBytes += 3 * pageBytes + 4 * addedBytes;
    if (walBytes < maxWalBytes || isCheckpointing) return;
    isCheckpointing = true;
    checkpointer.checkpoint(() => {
      isCheckpointing = false;
      walBytes = 0;
      copyTheRest();
    });
  }

  /** The little that came meanwhile: only when all is copied does SQLite begin its log anew. */
  function copyTheRest(): void {
    if (!database.isOpen) return;
    try {
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // As on a full disk: it stays in the log, where it is as durable, and is copied later.
    }
  }

  function fold(): boolean {
    journal.prepare({ addedBytes: 0, always: true });
    const step = journal.step();
    if (step === undefined) return false;
    transact(() => writes.fold(step));
    step.done();
    return step.hasMore;
  }

  /** The journal is never rewritten: what of the stream is in it becomes pages first. */
  function trim(request: Operations['trim']['request']): null {
    const { stream } = request;
    const pages = pagesOfGroups(stream, journal.groups(stream));
    transact(() => {
      writes.fold({ pages, dropThrough: 0 });
      writes.trim(request);
    });
    journal.forget(stream);
    return null;
  }

  function perform(call: Call): unknown {
    switch (call.name) {
      case 'commit':
        return commit(call.request);
      case 'fold':
        return fold();
      case 'trim':
        return trim(call.request);
      case 'streams':
        return call.request.names.map(reads.stream);
      case 'key':
        return reads.key(call.request);
      case 'read':
        return reads.blocks(call.request);
      case 'list':
        return reads.list(call.request);
      case 'untrimmed':
        return reads.untrimmed(call.request);
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

  return { answer, finish, opened };
}

try {
  const { database, close } = openDatabase(settings);
  try {
    const checkpointer = createCheckpointer(settings.path);
    const desk = createDesk(database, checkpointer);
    send({ type: 'opened', opened: desk.opened });
    port.on('message', (call: Call | 'close') => {
      if (call !== 'close') {
        const reply = desk.answer(call);
        send(reply);
        if (call.name === 'commit' && reply.type === 'result') desk.finish(call.request);
        return;
      }
      close();
      void checkpointer.close().then(() => port.close());
    });
  } catch (error) {
    close();
    throw error;
  }
} catch (error) {
  send({ type: 'open-failed', failure: failureOf(error) });
}
