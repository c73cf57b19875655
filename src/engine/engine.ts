// Conversations at work: the one object that the HTTP layer talks to.
import { systemClock, type Clock } from '../core/clock.ts';
import { StreamError } from '../core/errors.ts';
import type { ConversationId, RunId } from '../core/ids.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { noTelemetry, type Telemetry } from '../core/telemetry.ts';
import type { PlacedEvent } from '../conversation/event.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { Run } from '../conversation/run.ts';
import type { IndexPage, ListOptions, Log } from '../log/log.ts';
import { createCommands, type Commands } from './commands.ts';
import { createCompaction } from './compact.ts';
import { createConversations } from './conversations.ts';
import { mergedEventsOf } from './entries.ts';
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
  /**
   * A page of the owner's conversations, those first that were written to last; all that a search finds
   * by their titles, messages and ended answers. Errors: `page-token-invalid`, `invalid-input`.
   */
  list(options?: ListOptions): Promise<IndexPage>;
  /**
   * Every event after `after`, in order: those that are there, then each as it is committed. A step
   * gives all that is there, adjacent deltas merged; readers at the same offset are given the same array.
   * Ends when the signal aborts or the engine closes. Errors: `offset-expired` where `after` lies within
   * what became one entry, as may also turn out in the middle: the state says what there is.
   */
  follow(id: ConversationId, options: { after: number; signal: AbortSignal }): AsyncIterable<readonly PlacedEvent[]>;
  /** Ends the run as `stopped` unless it has ended; what is written stays. Errors: `run-not-found`. */
  stop(run: RunId): Promise<Run>;
  /**
   * Takes over the runs that a crash cut, and begins to compact conversations at rest. Call it when the
   * server is ready. Resolves with how many runs.
   */
  recover(): Promise<number>;
  /** Leaves every run to be taken over. The log stays open: it is the caller's. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly log: Log;
  readonly models: ModelCatalogue;
  /** Default: `demo/tour`. */
  readonly defaultModel?: string | undefined;
  /**
   * How long a conversation is left as it was written after its newest entry, in ms: then the deltas of
   * each answer become one entry, and a reader who comes back with a cursor within them is given a
   * snapshot. Infinity: for ever. Default: an hour.
   */
  readonly graceMs?: number | undefined;
}

const defaultGraceMs = 60 * 60_000; // Chosen: longer than a phone sleeps in the middle of an answer.

/** Whose conversations they are, for as long as there are no logins. */
const owner = 'local';

export function createEngine(
  options: EngineOptions,
  deps: { clock?: Clock; random?: Random; telemetry?: Telemetry } = {},
): Engine {
  const { log, models, defaultModel = 'demo/tour', graceMs = defaultGraceMs } = options;
  const { clock = systemClock, random = systemRandom, telemetry = noTelemetry } = deps;
  const conversations = createConversations(log);
  const runs = createRuns({ log, models, conversations, owner, clock, telemetry });
  const commands = createCommands({ log, models, conversations, runs, owner, defaultModel, clock, random });
  const compaction = createCompaction({ log, clock, telemetry, graceMs });
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
    list: (listOptions) => log.list(owner, listOptions),
    async *follow(id, { after, signal }) {
      const ends = AbortSignal.any([signal, closed.signal]);
      for await (const entries of log.follow(id, { after, signal: ends })) yield mergedEventsOf(entries);
    },
    stop: runs.stop,
    async recover() {
      const recovered = await runs.recover();
      compaction.start();
      return recovered;
    },
    async close() {
      closed.abort();
      await Promise.all([compaction.close(), runs.close()]);
    },
    [Symbol.asyncDispose]: () => engine.close(),
  };
  return engine;
}
