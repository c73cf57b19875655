// One answer of a model to one request: its parts with patience, but not without end. Before the first
// part a model that fails in passing is asked again; between parts it may be silent only so long.
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { isStreamError, StreamError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Model, ModelPart, ModelRequest } from './model.ts';

export interface Patience {
  /** How long a model may take to its first part, in ms. */
  readonly firstTokenTimeoutMs: number;
  /** How long it may be silent between two, in ms: noticed after that time or up to twice as long. */
  readonly silenceTimeoutMs: number;
  /** How often it is asked, before its first part. */
  readonly maxTries: number;
  /** How long a tool that it calls may take, in ms. */
  readonly toolTimeoutMs: number;
}

export const defaultPatience: Patience = {
  firstTokenTimeoutMs: 5 * 60_000, // Chosen: models that reason say nothing for minutes.
  silenceTimeoutMs: 2 * 60_000, // Chosen: far beyond any pause of a model that is at work.
  maxTries: 4, // Chosen: with the waits below some 10 s.
  toolTimeoutMs: 5 * 60_000, // Chosen: as a model has to its first part.
};

const backoff = { baseMs: 500, maxMs: 8_000 };
const maxRetryAfterMs = 60_000; // Chosen: whoever is asked to wait longer is told so instead.

export interface GenerateDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly patience: Patience;
}

/** Is given the parts, one after the other: the next is asked for when the promise is settled, where it gives one. */
export type Take = (part: ModelPart) => Promise<unknown> | undefined;

/**
 * Asks the model, until it has said all. Errors: those of `Model.stream`, `model-timeout`; the reason of
 * the request's signal; those of `take`.
 */
export async function generate(model: Model, request: ModelRequest, deps: GenerateDeps, take: Take): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    let hasBegun = false;
    try {
      return await tryOnce(model, request, deps, (part) => {
        hasBegun = true;
        return take(part);
      });
    } catch (error) {
      request.signal.throwIfAborted();
      const waitMs = hasBegun || tries >= deps.patience.maxTries ? undefined : retryWaitMs(error, tries, deps.random);
      if (waitMs === undefined) throw error;
      await deps.clock.sleep(waitMs, { signal: request.signal });
    }
  }
}

/** How long to wait before the model is asked again; undefined where that would be of no use. */
export function retryWaitMs(error: unknown, tries: number, random: Random): number | undefined {
  if (!isStreamError(error) || error.details['isTransient'] !== true) return undefined;
  const retryAfterMs = Number(error.details['retryAfterMs'] ?? 0);
  if (retryAfterMs > maxRetryAfterMs) return undefined;
  return retryAfterMs + backoffMs(tries, random, backoff);
}

// Thousands of answers are read at once, and of most pieces little is left but what reading them costs: so
// no generator, listener or promise of its own for each.
async function tryOnce(model: Model, request: ModelRequest, deps: GenerateDeps, take: Take): Promise<void> {
  request.signal.throwIfAborted();
  const ends = new AbortController();
  const over = Promise.withResolvers<void>();
  let isOver = false;
  let taking: Promise<unknown> | undefined;
  function giveUp(reason: unknown): void {
    isOver = true;
    ends.abort(reason);
    over.reject(reason);
  }
  const onAbort = (): void => giveUp(request.signal.reason);
  const iterator = model.stream({ ...request, signal: ends.signal })[Symbol.asyncIterator]();
  const watch = watchSilence(model, giveUp, deps);
  request.signal.addEventListener('abort', onAbort, { once: true });

  async function readAll(): Promise<void> {
    while (!isOver) {
      watch.asked();
      const { done, value } = await iterator.next();
      if (isOver || done === true) return;
      watch.heard(value);
      taking = take(value);
      if (taking !== undefined) await taking;
      taking = undefined;
    }
  }

  try {
    readAll().then(over.resolve, over.reject);
    // At once also where the model does not react to the signal; but what was begun to be taken is taken.
    await over.promise;
  } finally {
    watch.end();
    request.signal.removeEventListener('abort', onAbort);
    await taking?.catch(() => undefined); // It was told, or what ended this comes first.
    // Not awaited: a model that does not react to the signal would hold the stop up.
    iterator.return?.().catch(() => undefined);
  }
}

function watchSilence(model: Model, tell: (reason: StreamError) => void, { clock, patience }: GenerateDeps) {
  const { firstTokenTimeoutMs, silenceTimeoutMs } = patience;
  // By whether something came since the last look, and not by the clock, which may jump: and so that a
  // piece costs no timer of its own. A model that is not asked, as while the store is slow, is not silent.
  let hasHeard = false;
  let isAsked = false;
  let timer = clock.setTimer(firstTokenTimeoutMs, () => giveUp('its first piece', firstTokenTimeoutMs));

  function giveUp(what: string, waitedMs: number): void {
    const message = `Expected ${what} from ${model.id} within ${waitedMs / 1_000} s, got nothing. Ask again, or choose another model.`;
    tell(new StreamError('model-timeout', message));
  }

  function look(): void {
    if (isAsked && !hasHeard) return giveUp('more', silenceTimeoutMs);
    hasHeard = false;
    timer = clock.setTimer(silenceTimeoutMs, look);
  }

  let hasBegun = false;
  return {
    asked(): void {
      isAsked = true;
      hasHeard = true; // It has the whole time from now on.
    },
    heard({ type }: ModelPart): void {
      isAsked = false;
      // That its provider is at work says nothing of the answer.
      if (hasBegun || type === 'started') return;
      hasBegun = true;
      timer.cancel();
      timer = clock.setTimer(silenceTimeoutMs, look);
    },
    end: () => timer.cancel(),
  };
}
