// Opens the file: checks that it is ours and of a version that is known, and brings it up to date.
// A file that is not is reported and left as it was.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { messageOf, StreamError } from '../../../core/errors.ts';
import { migrateFrom1 } from './migrate.ts';
import type { WorkerSettings } from './protocol.ts';

const schemaVersion = 2;
/** SQLite writes page by page: measured, commits of 500 appends cost a third more CPU with 4,096. */
export const pageBytes = 16_384;
const maxWalBytes = 128 * 1024 * 1024; // Chosen: several times what the checkpointer begins at.
/** "Vbtm": tells a Verbatim store from other SQLite files. */
const applicationId = 0x56_62_74_6d;

// Entries are first in the journal, a row a commit whatever it holds, and later in pages, some kB of
// one stream each. A row for each entry costs two to four times the CPU, and keeps up with less (bench/log.ts).
const schema = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE journal (id INTEGER PRIMARY KEY, block BLOB NOT NULL) STRICT;
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    folded INTEGER NOT NULL,
    written_at_ms INTEGER NOT NULL,
    trimmed INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX streams_untrimmed ON streams (written_at_ms) WHERE folded > trimmed;
  CREATE TABLE pages (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    block BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX pages_by_place ON pages (stream, last);
  CREATE TABLE keys (
    stream INTEGER NOT NULL,
    key TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (stream, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE leases (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE listed (
    stream INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX listed_by_owner ON listed (owner, updated_at_ms, stream);
  CREATE TABLE documents (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, is_title INTEGER NOT NULL) STRICT;
  CREATE INDEX documents_by_stream ON documents (stream);
  CREATE VIRTUAL TABLE search USING fts5(
    words, content = '', contentless_delete = 1, tokenize = "ascii tokenchars '''.:,;_'"
  );
`;

/** The opened database, and what holds the lock on it for as long as this process lives. */
export interface OpenedDatabase {
  readonly database: DatabaseSync;
  close(): void;
}

/** Errors: `store-in-use`, `store-unusable`, `store-unavailable`. */
export function openDatabase({ path, newEpoch, durability, maxSizeBytes }: WorkerSettings): OpenedDatabase {
  let lock: DatabaseSync | undefined;
  let database: DatabaseSync | undefined;
  let isReady = false;
  function close(): void {
    if (database?.isOpen === true) {
      if (isReady) markClosed(database);
      database.close();
    }
    if (lock?.isOpen === true) lock.close();
  }
  try {
    const isThere = path !== ':memory:' && existsSync(path);
    // Read-only first: a file that is not ours is not even touched.
    if (isThere) inspect(path);
    database = new DatabaseSync(path, { timeout: 5_000 });
    // Behind that, for only a file that is there has one name, whatever links lead to it.
    if (path !== ':memory:') lock = takeLock(realpathSync(path));
    database.exec(`PRAGMA page_size = ${pageBytes}`); // Of a new file: one that is there keeps its own.
    // Each commit is one flush of SQLite's log with FULL, and none with NORMAL; readers never wait for a writer.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability === 'disk' ? 'FULL' : 'NORMAL'}`);
    // On macOS a plain flush stops at the drive's own memory; elsewhere this changes nothing.
    if (durability === 'disk') database.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
    // Where the checkpointer cannot keep up; else it comes first.
    database.exec(`PRAGMA wal_autocheckpoint = ${Math.ceil(maxWalBytes / pageBytes)}`);
    migrate(database, newEpoch);
    const boot = bootId() ?? newEpoch;
    if (mayHaveLost(database, boot)) setEpoch(database, newEpoch);
    markUnflushed(database, durability === 'process' ? boot : null);
    if (maxSizeBytes !== undefined) limitSize(database, maxSizeBytes);
    isReady = true;
    return { database, close };
  } catch (error) {
    close();
    throw openFailure(path, error);
  }
}

/** Checks a file without changing it. Errors: `store-unusable` for what is no store that this version can use. */
export function inspect(path: string): void {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    try {
      // As of one moment: another process may be making the store just now.
      database.exec('BEGIN');
      checkKind(database, path);
    } finally {
      database.close();
    }
  } catch (error) {
    throw openFailure(path, error);
  }
}

/**
 * One process at a time, for as long as it lives: the kernel frees the lock of one that is killed, so
 * that whoever holds it knows that every lease in the store is a dead process's. On a file of its own,
 * so that a backup and other tools can read the store meanwhile.
 */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}-lock`, { timeout: 1_000 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

function checkKind(database: DatabaseSync, path: string): void {
  const version = pragma(database, 'user_version');
  const owner = pragma(database, 'application_id');
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_master').get()?.['count'];
  const isNew = version === 0 && owner === 0 && tables === 0;
  if (!isNew && owner !== applicationId) {
    throw new StreamError(
      'store-unusable',
      `Expected a Verbatim store, but ${path} is another program's SQLite file. It was left as it is: choose another --store.`,
    );
  }
  if (version > schemaVersion) {
    throw new StreamError(
      'store-unusable',
      `Expected a store of version ${schemaVersion} or older, but ${path} is of version ${version}. ` +
        'It was left as it is: use the newer Verbatim that wrote it.',
    );
  }
}

/** Brings the tables up to date, in one transaction: a crash leaves the old version or the new. */
function migrate(database: DatabaseSync, newEpoch: string): void {
  const version = pragma(database, 'user_version');
  if (version === schemaVersion) return;
  database.exec('BEGIN IMMEDIATE');
  if (version === 1) {
    migrateFrom1(database, schema);
  } else {
    database.exec(schema);
    database.prepare(`INSERT INTO meta (name, value) VALUES ('epoch', ?), ('lease-epoch', '0')`).run(newEpoch);
  }
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`);
}

/**
 * Whether what readers have seen may be gone: a store whose commits are not flushed was not closed,
 * and the machine was started since.
 */
function mayHaveLost(database: DatabaseSync, boot: string): boolean {
  const unflushed = database.prepare(`SELECT value FROM meta WHERE name = 'unflushed'`).get();
  return unflushed !== undefined && unflushed['value'] !== boot;
}

/** What is appended from now on has the offsets of what readers may have seen elsewhere: only the epoch tells them apart. */
export function setEpoch(database: DatabaseSync, epoch: string): void {
  database.prepare(`UPDATE meta SET value = ? WHERE name = 'epoch'`).run(epoch);
}

/** Notes, for good, in which boot commits are not flushed; null: all are. */
function markUnflushed(database: DatabaseSync, boot: string | null): void {
  const { synchronous } = database.prepare('PRAGMA synchronous').get() ?? {};
  database.exec('PRAGMA synchronous = FULL');
  if (boot === null) database.exec(`DELETE FROM meta WHERE name = 'unflushed'`);
  else database.prepare(`INSERT OR REPLACE INTO meta (name, value) VALUES ('unflushed', ?)`).run(boot);
  database.exec(`PRAGMA synchronous = ${Number(synchronous)}`);
}

function markClosed(database: DatabaseSync): void {
  try {
    markUnflushed(database, null);
  } catch {
    // Without room for it the mark stays: at worst readers are given a snapshot they did not need.
  }
}

/** What tells this start of the machine from others, where the system says. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined; // Not Linux: each end without a close counts as a loss of power.
  }
}

function limitSize(database: DatabaseSync, maxSizeBytes: number): void {
  database.exec(`PRAGMA max_page_count = ${Math.ceil(maxSizeBytes / pragma(database, 'page_size'))}`);
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id' | 'page_size'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** What SQLite's error means to who opens or copies a store. */
export function openFailure(path: string, error: unknown): unknown {
  switch (sqliteCode(error)) {
    case undefined:
      return error;
    case sqliteCodes.busy:
    case sqliteCodes.locked:
      return new StreamError(
        'store-in-use',
        `Expected to be the only user of ${path}, but another process has it open. Stop that one, or choose another --store.`,
        { cause: error },
      );
    case sqliteCodes.corrupt:
    case sqliteCodes.notADatabase:
      return new StreamError(
        'store-unusable',
        `Expected a SQLite file, but ${path} is damaged or none at all (${messageOf(error)}). ` +
          'It was left as it is: restore a backup, or choose another --store.',
        { cause: error },
      );
    default:
      return new StreamError(
        'store-unavailable',
        `Expected to open ${path}, but could not: ${messageOf(error)}. Check that its folder exists and can be written.`,
        { cause: error },
      );
  }
}

/** SQLite's primary result codes, as far as they mean something of their own here [sqlite.org/rescode]. */
export const sqliteCodes = { busy: 5, locked: 6, corrupt: 11, notADatabase: 26 } as const;

/** SQLite's primary result code of an error that came from it. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
