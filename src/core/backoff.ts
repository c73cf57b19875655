// How long to wait before the next attempt.
import type { Chance } from './random.ts';

export interface BackoffOptions {
  /** Upper bound of the first wait, in ms. */
  readonly baseMs: number;
  /** Upper bound of every wait, in ms. */
  readonly maxMs: number;
}

/**
 * Exponential back-off with full jitter: anywhere between 0 and `baseMs * 2^attempt`, at most
 * `maxMs`. Full jitter spreads a crowd that was cut at one moment over the whole window.
 */
export function backoffMs(attempt: number, random: Chance, options: BackoffOptions): number {
  const ceilingMs = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 30));
  return Math.floor(random.float() * ceilingMs);
}
