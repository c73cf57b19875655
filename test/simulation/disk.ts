// A store that outlives its processes: the log in memory, which is the model of all drivers, behind a
// layer of time and faults. Each process has a handle of its own, which dies with it.
import { StreamError } from '../../src/core/errors.ts';
import type { Lease } from '../../src/log/lease.ts';
import type { AppendOptions, AppendResult, Entry, Log, NewEntry } from '../../src/log/log.ts';
import type { Chance } from './chance.ts';
import type { Lane, SimClock } from './clock.ts';
import type { DiskFaults } from './plan.ts';
import type { Trace } from './trace.ts';

/** An entry that was durable once, whatever a trim made of it later. */
export type Written = Pick<Entry, 'offset' | 'type' | 'data'> & { readonly leaseEpoch: number | undefined };

export interface Disk {
  /** All that was ever written to each stream, in order. */
  readonly history: ReadonlyMap<string, readonly Written[]>;
  /** The last offset of the stream that no crash can take back. */
  head(stream: string): number;
  /** The store as a process has it. */
  open(lane: Lane): Log;
  /** A process has locked the store: no lease in it has a living holder. */
  lock(): Promise<void>;
  /** What the process asked for and has no answer to comes to be, or not, each by chance. */
  crash(lane: Lane): void;
  setFaults(faults: DiskFaults): void;
  /** For so long every call is refused. */
  fail(ms: number): void;
}

interface DiskDeps {
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly trace: Trace;
  /** The log that keeps it all. */
  readonly store: Log;
  readonly isLocking: boolean;
}

/** What a process asked for and has no answer to. */
interface Pending {
  readonly lane: Lane;
  readonly run: () => void;
  isDropped: boolean;
}

export function createDisk({ clock, chance, trace, store, isLocking }: DiskDeps, initial: DiskFaults): Disk {
  const history = new Map<string, Written[]>();
  const held = new Map<string, Lease>();
  const pending = new Set<Pending>();
  const lastWriteMs = new Map<Lane, number>();
  let faults = initial;
  let failsUntilMs = 0;

  function latency(isWrite: boolean): number {
    if (isWrite && chance.happens(faults.slow))
      return chance.happens(0.2) ? chance.between(5_000, 25_000) : chance.between(200, 5_000);
    return chance.between(0, faults.maxLatencyMs);
  }

  /** Writes of one process are done in the order in which they were asked for. */
  function dueMs(lane: Lane, isWrite: boolean): number {
    const due = clock.now() + latency(isWrite);
    if (!isWrite) return due;
    const inOrder = Math.max(due, lastWriteMs.get(lane) ?? 0);
    lastWriteMs.set(lane, inOrder);
    return inOrder;
  }

  function call<T>(lane: Lane, what: { name: string; isWrite: boolean }, execute: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (lane.isDead) return promise;
    const isRefused = clock.now() < failsUntilMs || chance.happens(faults.refused);
    const isLost = what.isWrite && chance.happens(faults.lostAnswer);
    const answerMs = chance.between(0, faults.maxLatencyMs);
    const answer = (settle: () => void): void => void clock.setTimer(answerMs, () => lane.enter(settle));

    async function perform(): Promise<void> {
      try {
        if (isRefused) throw unavailable('refused');
        const result = await execute();
        if (isLost) throw unavailable('its answer is lost');
        answer(() => resolve(result));
      } catch (error) {
        if (isRefused || isLost) trace.note(`disk: ${what.name} ${isRefused ? 'refused' : 'answer lost'}`);
        answer(() => reject(error));
      }
    }
    const mine: Pending = {
      lane,
      isDropped: false,
      run() {
        if (!pending.delete(mine) || mine.isDropped) return;
        void perform();
      },
    };
    pending.add(mine);
    clock.setTimer(dueMs(lane, what.isWrite) - clock.now(), mine.run);
    return promise;
  }

  async function append(stream: string, added: readonly NewEntry[], options?: AppendOptions): Promise<AppendResult> {
    const result = await store.append(stream, added, options);
    if (result.replayed) return result;
    const written = history.get(stream) ?? [];
    history.set(stream, written);
    const leaseEpoch = options?.lease?.epoch;
    for (const [index, { type, data }] of added.entries()) {
      const offset = result.first + index;
      written.push({ offset, type, data, leaseEpoch });
      trace.note(
        `log ${stream.slice(0, 6)} ${offset} ${type} ${data.slice(0, 120)}${leaseEpoch === undefined ? '' : ` epoch ${leaseEpoch}`}`,
      );
    }
    return result;
  }

  async function* follow(
    lane: Lane,
    stream: string,
    { after, signal }: { after: number; signal?: AbortSignal },
  ): AsyncGenerator<readonly Entry[], void> {
    const ends = AbortSignal.any(signal === undefined ? [lane.died] : [lane.died, signal]);
    for await (const step of store.follow(stream, { after, signal: ends })) {
      await new Promise<void>((resolve) => {
        clock.setTimer(chance.between(0, Math.min(3, faults.maxLatencyMs)), () => lane.enter(resolve));
      });
      if (signal?.aborted === true) return;
      if (chance.happens(faults.refused / 10)) throw unavailable('refused');
      yield step;
    }
  }

  function keep(lease: Lease | null): Lease | null {
    if (lease !== null) held.set(lease.name, lease);
    return lease;
  }

  return {
    history,
    head: (stream) => history.get(stream)?.at(-1)?.offset ?? 0,
    open(lane) {
      const read = <T>(name: string, execute: () => Promise<T>): Promise<T> =>
        call(lane, { name, isWrite: false }, execute);
      const write = <T>(name: string, execute: () => Promise<T>): Promise<T> =>
        call(lane, { name, isWrite: true }, execute);
      const { leases } = store;
      const log: Log = {
        epoch: store.epoch,
        leases: {
          acquire: (name, options) => write(`acquire ${name}`, async () => keep(await leases.acquire(name, options))),
          renew: (lease, options) => write(`renew ${lease.name}`, async () => keep(await leases.renew(lease, options))),
          release: (lease) =>
            write(`release ${lease.name}`, async () => {
              await leases.release(lease);
              if (held.get(lease.name)?.epoch === lease.epoch) held.delete(lease.name);
            }),
          expired: () => read('expired', () => leases.expired()),
        },
        append: (stream, entries, options) =>
          write(`append ${stream} ${entries.map(({ type }) => type).join()}`, () => append(stream, entries, options)),
        find: (stream, key) => read(`find ${stream}`, () => store.find(stream, key)),
        read: (stream, options) => read(`read ${stream}`, () => store.read(stream, options)),
        head: (stream) => read(`head ${stream}`, () => store.head(stream)),
        follow: (stream, options) => follow(lane, stream, options),
        trim: (stream, entries) =>
          write(`trim ${stream}`, async () => {
            await store.trim(stream, entries);
            trace.note(`log ${stream.slice(0, 6)} trim ${entries[0]?.from} to ${entries.at(-1)?.offset}`);
          }),
        untrimmed: (options) => read('untrimmed', () => store.untrimmed(options)),
        list: (owner, options) => read('list', () => store.list(owner, options)),
        delete: (stream) => write(`delete ${stream}`, () => store.delete(stream)),
        close: async () => undefined,
        [Symbol.asyncDispose]: async () => undefined,
      };
      return log;
    },
    async lock() {
      for (const lease of held.values()) await store.leases.renew(lease, { ttlMs: 0 });
    },
    crash(lane) {
      lastWriteMs.delete(lane);
      const mine = [...pending].filter((asked) => asked.lane === lane);
      // A store that is locked by its process has no more to come once that is dead, and what it has
      // written it has written in order; one that is a server's own may still be at it.
      const kept = isLocking ? chance.between(0, mine.length) : mine.length;
      for (const [index, asked] of mine.entries()) {
        if (isLocking && index < kept) asked.run();
        else if (isLocking || chance.happens(0.5)) asked.isDropped = true;
      }
    },
    setFaults(changed) {
      faults = changed;
    },
    fail(ms) {
      failsUntilMs = clock.now() + ms;
    },
  };
}

function unavailable(why: string): StreamError {
  return new StreamError('store-unavailable', `The simulated disk: ${why}.`);
}
