// A store as version 1 of the SQLite driver left it: a row an entry.
import type { DatabaseSync } from 'node:sqlite';

/** Makes the tables, with the cursor epoch `abcd1234` and two leases: 7, which was cut, and 9, which was released. */
export function createVersion1(database: DatabaseSync): void {
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE streams (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER NOT NULL, owner TEXT,
      title TEXT NOT NULL DEFAULT '', created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX streams_by_owner ON streams (owner, id);
    CREATE TABLE entries (
      stream INTEGER NOT NULL, "offset" INTEGER NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL,
      at_ms INTEGER NOT NULL, PRIMARY KEY (stream, "offset")
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE keys (
      stream INTEGER NOT NULL, key TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (stream, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE leases (
      name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, released INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO meta VALUES ('epoch', 'abcd1234');
    INSERT INTO leases VALUES ('cut', 7, 99, 0), ('done', 9, 99, 1);
    PRAGMA application_id = 1449292909;
    PRAGMA user_version = 1;
  `);
}
