// Conversations at work: the one object that the HTTP layer talks to.
import { systemClock, type Clock } from '../core/clock.ts';
import type { ConversationId, RunId } from '../core/ids.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { createTaskGroup } from '../core/task-group.ts';
import { noTelemetry, type Telemetry } from '../core/telemetry.ts';
import type { PlacedEvent } from '../conversation/event.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { Run, StopRequest } from '../conversation/run.ts';
import type { IndexPage, ListOptions, Log } from '../log/log.ts';
import { createCommands, type Commands } from './commands.ts';
import { defaultLimits, type EngineLimits } from './commands/deps.ts';
import { createCompaction } from './compact.ts';
import { createConversations } from './conversations.ts';
import { mergedEventsOf } from './entries.ts';
import { defaultPatience, type Patience } from './generate.ts';
import type { ModelCatalogue, TakeoverPolicy } from './model.ts';
import { createPurge } from './purge.ts';
import { createRuns } from './runs.ts';
import { defaultTakeoverBudget, type TakeoverBudget } from './takeover.ts';
import { createTitling } from './titles.ts';
import type { Tool } from './tool.ts';

export interface Engine extends Commands, AsyncDisposable {
  readonly models: ModelCatalogue;
  /** The model that answers where a conversation names none. */
  readonly defaultModel: string;
  /** The first half of every cursor. */
  readonly epoch: string;
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
  /**
   * Ends the run as `stopped` unless it has ended; what is written stays, up to `seen` where that is
   * given. The first stop counts. Errors: `run-not-found`.
   */
  stop(run: RunId, request?: StopRequest): Promise<Run>;
  /**
   * Takes over the runs that a crash cut, now and as their leases run out, and begins to tidy up what is
   * at rest. Call it when the server is ready. Resolves with how many runs were taken over now.
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
  /** How long a deleted conversation can be brought back, in ms; then it goes for good. Default: a day. */
  readonly undoMs?: number | undefined;
  /** What models may call. Default: nothing. */
  readonly tools?: readonly Tool[] | undefined;
  /** How often a model may call tools in one answer. Default: 20. */
  readonly maxSteps?: number | undefined;
  /** How long models may be silent, and how often they are asked. */
  readonly patience?: Partial<Patience> | undefined;
  /** What is spent on an answer that is cut again and again. */
  readonly budget?: Partial<TakeoverBudget> | undefined;
  /** What becomes of a cut answer of the model, instead of the model's own policy. */
  readonly takeover?: ((model: string) => TakeoverPolicy | undefined) | undefined;
  readonly limits?: Partial<EngineLimits> | undefined;
  /** Whether the model that answered first is asked for a better title than the message's first line. Default: yes. */
  readonly titles?: boolean | undefined;
}

const defaultGraceMs = 60 * 60_000; // Chosen: longer than a phone sleeps in the middle of an answer.
const defaultUndoMs = 24 * 60 * 60_000; // Chosen: who deletes by mistake notices within a day.
const defaultMaxSteps = 20; // Chosen: beyond any errand that ends.

/** Whose conversations they are, for as long as there are no logins. */
const owner = 'local';

export interface EngineDeps {
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly telemetry?: Telemetry | undefined;
}

export function createEngine(options: EngineOptions, deps: EngineDeps = {}): Engine {
  const { log, models, defaultModel = 'demo/tour', titles = true } = options;
  const { clock = systemClock, random = systemRandom, telemetry = noTelemetry } = deps;
  const patience = { ...defaultPatience, ...options.patience };
  const conversations = createConversations(log);
  const tasks = createTaskGroup((error) => telemetry({ type: 'background-failed', task: 'engine', error }));
  const shared = { log, models, conversations, owner, clock, random, telemetry, patience };
  const titling = createTitling({ ...shared, tasks });
  const runs = createRuns({
    ...shared,
    tools: options.tools ?? [],
    maxSteps: options.maxSteps ?? defaultMaxSteps,
    budget: { ...defaultTakeoverBudget, ...options.budget },
    takeover: options.takeover,
    onEnd(run) {
      if (titles) titling.improve(run);
    },
  });
  const compaction = createCompaction({ log, clock, telemetry, graceMs: options.graceMs ?? defaultGraceMs });
  const closed = new AbortController();
  const limits = { ...defaultLimits, ...options.limits };
  const commands = createCommands({ ...shared, runs, defaultModel, limits, closed: closed.signal });
  const purge = createPurge({ ...shared, commands, undoMs: options.undoMs ?? defaultUndoMs });

  const engine: Engine = {
    ...commands,
    models,
    defaultModel,
    epoch: log.epoch,
    load: conversations.loadLive,
    list: (listOptions) => log.list(owner, listOptions),
    async *follow(id, { after, signal }) {
      const ends = AbortSignal.any([signal, closed.signal]);
      for await (const entries of log.follow(id, { after, signal: ends })) yield mergedEventsOf(entries);
    },
    stop: runs.stop,
    async recover() {
      const recovered = await runs.recover();
      compaction.start();
      purge.start();
      return recovered;
    },
    async close() {
      closed.abort();
      await Promise.all([compaction.close(), purge.close(), tasks.close(), runs.close()]);
    },
    [Symbol.asyncDispose]: () => engine.close(),
  };
  return engine;
}
