// SQL statements, each prepared once, and the values that they give.
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** The prepared statement of the text. */
export type Sql = (text: string) => StatementSync;

export function prepareOnce(database: DatabaseSync): Sql {
  const prepared = new Map<string, StatementSync>();
  return (text) => {
    let statement = prepared.get(text);
    if (statement === undefined) prepared.set(text, (statement = database.prepare(text)));
    return statement;
  };
}

export function blob(value: unknown): Uint8Array {
  return value as Uint8Array; // A BLOB column of a STRICT table.
}
