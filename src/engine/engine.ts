// Conversations at work: the one object that the HTTP layer talks to.
import { systemClock, type Clock } from '../core/clock.ts';
import { StreamError } from '../core/errors.ts';
import type { ConversationId, RunId } from '../core/ids.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { noTelemetry, type Telemetry } from '../core/telemetry.ts';
import type { PlacedEvent } from '../conversation/event.ts';
import { merge } from '../conversation/merge.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { Run } from '../conversation/run.ts';
import type { IndexRow, Log } from '../log/log.ts';
import { createCommands, type Commands } from './commands.ts';
import { createConversations } from './conversations.ts';
import { placedEventOf } from './entries.ts';
import type { ModelCatalogue } from './model.ts';
import { createRuns } from './runs.ts';

export interface Engine extends AsyncDisposable {
  readonly models: ModelCatalogue;
  /** The model that answers where a conversation names none. */
  readonly defaultModel: string;
  /** The first half of every cursor. */
  readonly epoch: string;
  readonly create: Commands['create'];
  readonly send: Commands['send'];
  /** The state as of now. Errors: `conversation-not-found`. */
  load(id: ConversationId): Promise<Conversation>;
  /** The owner's conversations, newest first. */
  list(): Promise<readonly IndexRow[]>;
  /**
   * Every event after `after`, in order: those that are there, then each as it is committed. A step
   * gives all that is there, adjacent deltas merged. Ends when the signal aborts or the engine closes.
   */
  follow(id: ConversationId, options: { after: number; signal: AbortSignal }): AsyncIterable<readonly PlacedEvent[]>;
  /** Ends the run as `stopped` unless it has ended; what is written stays. Errors: `run-not-found`. */
  stop(run: RunId): Promise<Run>;
  /** Takes over the runs that a crash cut. Call once, when the server is ready. Resolves with how many. */
  recover(): Promise<number>;
  /** Leaves every run to be taken over. The log stays open: it is the caller's. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly log: Log;
  readonly models: ModelCatalogue;
  /** Default: `demo/tour`. */
  readonly defaultModel?: string | undefined;
}

const maxListed = 1_000; // Chosen: until lists have pages.

/** Whose conversations they are, for as long as there are no logins. */
const owner = 'local';

export function createEngine(
  options: EngineOptions,
  deps: { clock?: Clock; random?: Random; telemetry?: Telemetry } = {},
): Engine {
  const { log, models, defaultModel = 'demo/tour' } = options;
  const { clock = systemClock, random = systemRandom, telemetry = noTelemetry } = deps;
  const conversations = createConversations(log);
  const runs = createRuns({ log, models, conversations, clock, telemetry });
  const commands = createCommands({ log, models, conversations, runs, owner, defaultModel, clock, random });
  const closed = new AbortController();

  const engine: Engine = {
    models,
    defaultModel,
    epoch: log.epoch,
    create: commands.create,
    async send(id, request, sendOptions) {
      // What is taken now would be driven by nobody here.
      if (closed.signal.aborted) throw new StreamError('shutting-down', 'The server is shutting down. Send it again.');
      return await commands.send(id, request, sendOptions);
    },
    load: conversations.load,
    list: () => log.list(owner, { limit: maxListed }),
    async *follow(id, { after, signal }) {
      const ends = AbortSignal.any([signal, closed.signal]);
      for await (const entries of log.follow(id, { after, signal: ends })) yield merge(entries.map(placedEventOf));
    },
    stop: runs.stop,
    recover: runs.recover,
    async close() {
      closed.abort();
      await runs.close();
    },
    [Symbol.asyncDispose]: () => engine.close(),
  };
  return engine;
}
