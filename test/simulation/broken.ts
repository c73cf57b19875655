// The product with one of its promises broken, from the outside: each must be caught, or the oracle
// would let the same pass where it is broken by mistake.
import { openLog, type AppendOptions, type Log } from 'verbatim/log';
import { createSeededRandom } from 'verbatim/testing';
import { isConversationId } from '../../src/core/ids.ts';
import type { Lane } from './clock.ts';
import type { Build } from './world.ts';

/** A process whose lease was taken over writes on. */
const withoutFencing: Build = {
  name: 'no fencing',
  adjust: (plan) => ({ ...plan, processes: 2 }),
  wrapLog: (log) => withAppend(log, ({ lease: _lease, ...options }) => options),
};

/** What is sent again is written again. */
const withoutKeys: Build = {
  name: 'no idempotency key',
  wrapLog: (log) =>
    withAppend(log, ({ key, ...options }) => (key?.startsWith('send:') === true ? options : { ...options, key })),
};

/** Readers see what the disk does not have yet. */
const visibleBeforeDurable: Build = {
  name: 'visible before durable',
  adjust: (plan) => ({ ...plan, processes: 1, graceMs: Infinity }),
  wrapLog: (log, lane) => throughMemory(log, lane),
};

/** A reader that waits is not woken by every commit. */
const lostWakeUps: Build = {
  name: 'lost wake-ups',
  wrapLog: (log) => ({
    ...log,
    async *follow(stream, options) {
      let steps = 0;
      for await (const step of log.follow(stream, options)) {
        steps += 1;
        if (steps % 20 !== 0) yield step;
      }
    },
  }),
};

/** Runs of a process that died are never found. */
const forgottenRuns: Build = {
  name: 'forgotten runs',
  wrapLog: (log) => ({ ...log, leases: { ...log.leases, expired: async () => [] } }),
};

/** An answer that is written anew is not told from the one before. */
const withoutResets: Build = {
  name: 'no reset',
  wrapLog: (log) => ({
    ...log,
    async append(stream, entries, options) {
      const kept = entries.filter(({ type }) => type !== 'reset');
      if (kept.length > 0) return await log.append(stream, kept, options);
      const last = await log.head(stream);
      return { first: last, last, replayed: false };
    },
  }),
};

export const brokenBuilds: readonly Build[] = [
  withoutFencing,
  visibleBeforeDurable,
  withoutKeys,
  lostWakeUps,
  forgottenRuns,
  withoutResets,
];

const never = new Promise<void>(() => undefined);

function withAppend(log: Log, change: (options: AppendOptions) => AppendOptions): Log {
  return { ...log, append: (stream, entries, options = {}) => log.append(stream, entries, change(options)) };
}

/** A log whose readers are given what its process has in memory of conversations: what was on the disk, and what it wrote since. */
function throughMemory(log: Log, lane: Lane): Log {
  const memory = openLog('memory:', { clock: lane, random: createSeededRandom(0) });
  const loaded = new Map<string, Promise<void>>();

  async function memoryOf(stream: string): Promise<Log> {
    if (lane.isDead) await never; // Else what a dead process does would go on, and take no time.
    const inMemory = await memory;
    async function load(): Promise<void> {
      const entries = await log.read(stream, { after: 0 });
      if (entries.length > 0) await inMemory.append(stream, entries);
    }
    let loading = loaded.get(stream);
    if (loading === undefined) {
      loading = load();
      loaded.set(stream, loading);
      loading.catch(() => loaded.delete(stream));
    }
    await loading;
    return inMemory;
  }

  return {
    ...log,
    async append(stream, entries, options = {}) {
      if (!isConversationId(stream)) return await log.append(stream, entries, options);
      const { key } = options;
      const inMemory = await memoryOf(stream);
      const known = key === undefined ? null : await log.find(stream, key);
      if (known === null) await inMemory.append(stream, entries, { key });
      return await log.append(stream, entries, options);
    },
    read: async (stream, options) =>
      await (isConversationId(stream) ? await memoryOf(stream) : log).read(stream, options),
    head: async (stream) => await (await memoryOf(stream)).head(stream),
    async *follow(stream, options) {
      const ends = options.signal === undefined ? lane.died : AbortSignal.any([lane.died, options.signal]);
      yield* (await memoryOf(stream)).follow(stream, { ...options, signal: ends });
    },
  };
}
