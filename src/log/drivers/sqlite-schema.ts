// Opens the file: checks that it is ours and of a version that is known, and brings it up to date.
// A file that is not is reported and left as it was.
import { DatabaseSync } from 'node:sqlite';
import { messageOf, StreamError } from '../../core/errors.ts';
import type { WorkerSettings } from './sqlite-protocol.ts';

const schemaVersion = 1;
/** "Vbtm": tells a Verbatim store from other SQLite files. */
const applicationId = 0x56_62_74_6d;

const schema = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    head INTEGER NOT NULL,
    owner TEXT,
    title TEXT NOT NULL DEFAULT '',
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX streams_by_owner ON streams (owner, id);
  CREATE TABLE entries (
    stream INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (stream, "offset")
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE keys (
    stream INTEGER NOT NULL,
    key TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (stream, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    released INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/**
 * The opened database and its cursor epoch.
 * Errors: `store-in-use`, `store-unusable`, `store-unavailable`.
 */
export function openDatabase({ path, newEpoch, maxSizeBytes }: WorkerSettings): {
  database: DatabaseSync;
  epoch: string;
} {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 1_000 });
    // One process at a time, for as long as it lives: the kernel frees the lock of one that is
    // killed, so that whoever holds it knows that every lease in the file is a dead process's.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    migrate(database, path, newEpoch);
    const row = database.prepare(`SELECT value FROM meta WHERE name = 'epoch'`).get();
    if (maxSizeBytes !== undefined) database.exec(`PRAGMA max_page_count = ${Math.ceil(maxSizeBytes / 4_096)}`);
    database.exec('UPDATE leases SET expires_at_ms = 0 WHERE released = 0');
    return { database, epoch: String(row?.['value']) };
  } catch (error) {
    if (database?.isOpen === true) database.close();
    throw openFailure(path, error);
  }
}

function migrate(database: DatabaseSync, path: string, newEpoch: string): void {
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
  // WAL with FULL: each commit is one fsync of the log, and readers never wait for a writer.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  if (!isNew) return;
  database.exec(`BEGIN IMMEDIATE; ${schema}`);
  database.prepare(`INSERT INTO meta (name, value) VALUES ('epoch', ?)`).run(newEpoch);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}; COMMIT`);
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function openFailure(path: string, error: unknown): unknown {
  switch (sqliteCode(error)) {
    case undefined:
      return error;
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return new StreamError(
        'store-in-use',
        `Expected to be the only user of ${path}, but another process has it open. Stop that one, or choose another --store.`,
        { cause: error },
      );
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return new StreamError(
        'store-unusable',
        `Expected a SQLite file, but ${path} is damaged or none at all (${messageOf(error)}). ` +
          'It was left as it is: restore a copy, or choose another --store.',
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

/** SQLite's primary result code of an error that came from it. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
