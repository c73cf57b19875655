// A store by its URL.
import type { Clock } from '../core/clock.ts';
import { show, StreamError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { createMemoryLog } from './drivers/memory.ts';
import { openSqliteLog } from './drivers/sqlite.ts';
import type { Log } from './log.ts';

/**
 * Opens the store that the URL names: `sqlite:verbatim.db` (a path, relative or absolute) or
 * `memory:`. Errors: `invalid-input` for another URL, and those of the driver.
 */
export async function openLog(url: string, deps: { clock?: Clock; random?: Random } = {}): Promise<Log> {
  if (url === 'memory:') return createMemoryLog(deps);
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : '';
  if (path !== '') return await openSqliteLog({ path }, deps);
  throw new StreamError('invalid-input', `Expected a store such as sqlite:verbatim.db or memory:, got ${show(url)}.`);
}
