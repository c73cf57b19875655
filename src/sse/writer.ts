// What the writers for web and Node responses have in common.
import { systemClock, type Clock } from '../core/clock.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { defaultHeartbeatMs } from './event.ts';

export interface WriterOptions {
  /** How often a comment is sent while nothing else is, in ms. Default: 15,000. */
  readonly heartbeatMs?: number | undefined;
  /** How long clients should wait before they reconnect, in ms; half to one and a half times this, by chance. Default: 1,000. */
  readonly retryMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** The headers of every event stream: not cached, not transformed, not buffered by nginx. */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

const defaultRetryMs = 1_000; // Chosen: short enough for a person, long enough for a restart.

/** The options with their defaults. */
export function writerSettings(options: WriterOptions) {
  const {
    clock = systemClock,
    random = systemRandom,
    heartbeatMs = defaultHeartbeatMs,
    retryMs = defaultRetryMs,
  } = options;
  return { clock, random, heartbeatMs, retryMs };
}

/** `retryMs` spread by chance over half to one and a half times its value, so that a crowd does not come back at once. */
export function spreadRetryMs(retryMs: number, random: Random): number {
  return Math.round(retryMs * (0.5 + random.float()));
}
