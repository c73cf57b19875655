// One answer of a model to one request: its parts with patience, but not without end. Before the first
// part a model that fails in passing is asked again; between parts it may be silent only so long.
import { abortable } from '../core/abort.ts';
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

/** The model's parts. Errors: those of `Model.stream`, `model-timeout`; the reason of the request's signal. */
export async function* generate(
  model: Model,
  request: ModelRequest,
  deps: GenerateDeps,
): AsyncGenerator<ModelPart, void> {
  for (let tries = 1; ; tries += 1) {
    let hasBegun = false;
    try {
      for await (const part of oneTry(model, request, deps)) {
        hasBegun = true;
        yield part;
      }
      return;
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

async function* oneTry(model: Model, request: ModelRequest, deps: GenerateDeps): AsyncGenerator<ModelPart, void> {
  const silence = new AbortController();
  const signal = AbortSignal.any([request.signal, silence.signal]);
  const iterator = model.stream({ ...request, signal })[Symbol.asyncIterator]();
  const watch = watchSilence(model, silence, deps);
  try {
    while (true) {
      watch.asked();
      // At once also where the model does not react to the signal.
      const result = await abortable<IteratorResult<ModelPart>>(signal, (resolve, reject) => {
        iterator.next().then(resolve, reject);
        return () => undefined;
      });
      if (result.done === true) return;
      watch.heard(result.value);
      yield result.value;
    }
  } finally {
    watch.end();
    // Not awaited: a model that does not react to the signal would hold the stop up.
    iterator.return?.().catch(() => undefined);
  }
}

function watchSilence(model: Model, silence: AbortController, { clock, patience }: GenerateDeps) {
  const { firstTokenTimeoutMs, silenceTimeoutMs } = patience;
  // By whether something came since the last look, and not by the clock, which may jump: and so that a
  // piece costs no timer of its own. A model that is not asked, as while the store is slow, is not silent.
  let hasHeard = false;
  let isAsked = false;
  let timer = clock.setTimer(firstTokenTimeoutMs, () => giveUp('its first piece', firstTokenTimeoutMs));

  function giveUp(what: string, waitedMs: number): void {
    const message = `Expected ${what} from ${model.id} within ${waitedMs / 1_000} s, got nothing. Ask again, or choose another model.`;
    silence.abort(new StreamError('model-timeout', message));
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
