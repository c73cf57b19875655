// A store by its URL.
import type { Clock } from '../core/clock.ts';
import { show, StreamError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { createMemoryLog } from './drivers/memory.ts';
import { openSqliteLog, type SqliteOptions } from './drivers/sqlite.ts';
import { backUp } from './drivers/sqlite/backup.ts';
import type { Log } from './log.ts';

/**
 * Opens the store that the URL names: `sqlite:verbatim.db` (a path, relative or absolute) or
 * `memory:`. With `sqlite:verbatim.db?durability=process` an acknowledged append survives the end of
 * the process, but not a loss of power; appends are cheaper for it. Default: `durability=disk`.
 * Errors: `invalid-input` for another URL, and those of the driver.
 */
export async function openLog(url: string, deps: { clock?: Clock; random?: Random } = {}): Promise<Log> {
  if (url === 'memory:') return createMemoryLog(deps);
  return await openSqliteLog(parseSqliteUrl(url), deps);
}

/**
 * Writes a copy of the store into a new file, as of one moment; a server may be at work on it. The
 * copy has a cursor epoch of its own: readers that saw what it does not hold begin anew.
 * Errors: `invalid-input` for a store that lies in no file, or a file that is there already;
 * `store-unusable`, `store-unavailable`.
 */
export async function backUpLog(url: string, path: string, deps: { random?: Random } = {}): Promise<void> {
  const store = url === 'memory:' ? ':memory:' : parseSqliteUrl(url).path;
  if (store === ':memory:') {
    throw new StreamError(
      'invalid-input',
      `Expected a store in a file, such as sqlite:verbatim.db, got ${show(url)}, which lives in its process alone.`,
    );
  }
  await backUp(store, path, deps);
}

/** Errors: `invalid-input`. */
function parseSqliteUrl(url: string): SqliteOptions {
  const match = /^sqlite:([^?]+)(?:\?(.*))?$/s.exec(url);
  const path = match?.[1];
  if (path === undefined) {
    throw new StreamError('invalid-input', `Expected a store such as sqlite:verbatim.db or memory:, got ${show(url)}.`);
  }
  const settings = new URLSearchParams(match?.[2] ?? '');
  const durability = settings.get('durability') ?? 'disk';
  const unknown = [...settings.keys()].find((name) => name !== 'durability');
  if (unknown !== undefined || (durability !== 'disk' && durability !== 'process')) {
    throw new StreamError(
      'invalid-input',
      `Expected ?durability=disk or ?durability=process behind the store's path, got ${show(url)}.`,
    );
  }
  return { path, durability };
}
