// A copy of a store, as of one moment, while a server may be at work on it.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isStreamError, messageOf, show, StreamError } from '../../../core/errors.ts';
import { systemRandom, type Random } from '../../../core/random.ts';
import { inspect, openFailure, setEpoch } from './schema.ts';

/** Errors: `invalid-input`, `store-unusable`, `store-unavailable`. */
export async function backUp(path: string, target: string, deps: { random?: Random } = {}): Promise<void> {
  const { random = systemRandom } = deps;
  if (!existsSync(path)) {
    throw new StreamError(
      'invalid-input',
      `Expected a store to copy, but there is no file ${show(path)}. Check --store.`,
    );
  }
  if (existsSync(target)) {
    throw new StreamError(
      'invalid-input',
      `Expected a new file, but ${show(target)} is there already. Choose another name.`,
    );
  }
  inspect(path);
  // Under another name until it is whole, so that a copy that was cut is never taken for one.
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  try {
    copy(path, partial);
    renew(partial, random.id(8));
    renameSync(partial, target);
    flushFolder(dirname(target));
  } catch (error) {
    rmSync(partial, { force: true });
    const failure = openFailure(path, error);
    if (isStreamError(failure, 'store-unusable')) throw failure;
    throw new StreamError(
      'store-unavailable',
      `Expected to copy ${path} to ${target}, but could not: ${messageOf(error)}.`,
      {
        cause: error,
      },
    );
  }
}

/** SQLite's own copy: consistent, and without the room that is free in the store. */
function copy(path: string, target: string): void {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  try {
    database.prepare('VACUUM INTO ?').run(target);
  } finally {
    database.close();
  }
}

/** Gives the copy a cursor epoch of its own. */
function renew(path: string, epoch: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA synchronous = FULL');
    setEpoch(database, epoch);
  } finally {
    database.close();
  }
}

/** So that a loss of power does not take the new name back. */
function flushFolder(path: string): void {
  if (process.platform === 'win32') return; // Which cannot, and need not.
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
