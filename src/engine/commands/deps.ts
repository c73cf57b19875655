// What every command rests on.
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { Log } from '../../log/log.ts';
import type { Conversations } from '../conversations.ts';
import type { ModelCatalogue } from '../model.ts';
import type { Runs } from '../runs.ts';

/** Bounds of what is taken; beyond them it is refused. */
export interface EngineLimits {
  /** UTF-16 code units of a message's text. Default: 200,000. */
  readonly maxTextLength: number;
  /** Files of a message. Default: 20. */
  readonly maxFiles: number;
  /** UTF-16 code units of all its files, as base64. Default: 12 Mi. */
  readonly maxFilesLength: number;
  /** Models that answer one message side by side. Default: 8. */
  readonly maxAnswers: number;
  /** Runs of an owner that have not ended. Default: 10,000. */
  readonly maxRuns: number;
}

export const defaultLimits: EngineLimits = {
  maxTextLength: 200_000, // Chosen: what today's models take.
  maxFiles: 20, // Chosen: as providers have it.
  maxFilesLength: 12 * 1024 * 1024, // Chosen: within what one append takes.
  maxAnswers: 8, // Chosen: as many as a wide screen shows.
  maxRuns: 10_000, // Chosen: twice what bench/runs.ts measures at once.
};

export interface CommandDeps {
  readonly log: Log;
  readonly models: ModelCatalogue;
  readonly conversations: Conversations;
  readonly runs: Runs;
  readonly owner: string;
  readonly defaultModel: string;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a write asks for is done once for each key, however often it is sent. */
export interface WriteOptions {
  /** The `Idempotency-Key`. Absent: each call is a write of its own. */
  readonly key?: string | undefined;
}
