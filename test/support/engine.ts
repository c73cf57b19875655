// An engine on a fake clock, a model that says what a test tells it to, and a log that dies.
import type { ConversationId } from '../../src/core/ids.ts';
import type { TelemetryEvent } from '../../src/core/telemetry.ts';
import { textOf } from '../../src/conversation/message.ts';
import { emptyConversation, reduce, type Conversation } from '../../src/conversation/reduce.ts';
import { createEngine, type Engine, type EngineOptions } from '../../src/engine/engine.ts';
import type { Model, ModelPart, ModelRequest } from '../../src/engine/model.ts';
import { createCatalogue } from '../../src/engine/models/catalogue.ts';
import { createDemoModels } from '../../src/engine/models/demo.ts';
import { createMemoryLog } from '../../src/log/drivers/memory.ts';
import type { Log } from '../../src/log/log.ts';
import { createFakeClock } from '../../src/testing/fake-clock.ts';
import { createSeededRandom } from '../../src/testing/seeded-random.ts';

/** A model that says what the test tells it to, when the test tells it to. */
export function puppet(options: Partial<Omit<Model, 'stream'>> & { deaf?: boolean } = {}) {
  const requests: ModelRequest[] = [];
  const pending: Array<ModelPart | Error> = [];
  let wake: (() => void) | undefined;
  const model: Model = {
    id: 'test/puppet',
    name: 'Puppet',
    demo: false,
    continuesPrefix: false,
    ...options,
    async *stream(request) {
      requests.push(request);
      const onAbort = (): void => wake?.();
      if (options.deaf !== true) request.signal.addEventListener('abort', onAbort);
      while (true) {
        if (options.deaf !== true) request.signal.throwIfAborted();
        const part = pending.shift();
        if (part instanceof Error) throw part;
        if (part !== undefined) yield part;
        if (part?.type === 'finish') return;
        if (part === undefined) await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
  return {
    model,
    requests,
    say(...parts: Array<string | ModelPart | Error>) {
      pending.push(...parts.map((part) => (typeof part === 'string' ? ({ type: 'text', text: part } as const) : part)));
      wake?.();
    },
    finish(reason: Extract<ModelPart, { type: 'finish' }>['reason'] = 'stop') {
      pending.push({ type: 'finish', reason, usage: { inputTokens: 3, outputTokens: 5 } });
      wake?.();
    },
  };
}

export function bench(options: { models?: Model[]; log?: Log } & Partial<Omit<EngineOptions, 'models' | 'log'>> = {}) {
  const clock = createFakeClock();
  const random = createSeededRandom(7);
  const { log: given, models: more = [], ...rest } = options;
  const log = given ?? createMemoryLog({ clock, random });
  const models = createCatalogue([...createDemoModels({ clock }), ...more]);
  const events: TelemetryEvent[] = [];
  const telemetry = (event: TelemetryEvent): void => void events.push(event);
  const start = (through: Log = log) =>
    createEngine({ titles: false, ...rest, log: through, models }, { clock, random, telemetry });
  return { clock, random, log, start, events, engine: start() };
}

/** A log that stops answering, as for a process that was killed: nothing it asks for ever happens. */
export function killable(log: Log): { log: Log; kill: () => void } {
  let killed = false;
  const guard = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> =>
      killed ? await new Promise<Result>(() => undefined) : await call(...args);
  };
  const { acquire, renew, release, expired } = log.leases;
  return {
    kill: () => (killed = true),
    log: {
      ...log,
      append: guard(log.append),
      read: guard(log.read),
      leases: { acquire: guard(acquire), renew: guard(renew), release: guard(release), expired },
    },
  };
}

/** Resolves with the state once it fits: by following, as a viewer does. */
export async function until(
  engine: Engine,
  id: ConversationId,
  fits: (state: Conversation) => boolean,
): Promise<Conversation> {
  let state = emptyConversation(id);
  for await (const batch of engine.follow(id, { after: 0, signal: new AbortController().signal })) {
    for (const event of batch) {
      state = reduce(state, event);
      if (fits(state)) return state;
    }
  }
  return state;
}

/** What the newest answer says. */
export const answerOf = (state: Conversation): string =>
  textOf(state.messages.findLast(({ role }) => role === 'assistant') ?? { parts: [] });
/** Where the newest run stands. */
export const lastStatus = (state: Conversation): string | undefined => state.runs.at(-1)?.status;
