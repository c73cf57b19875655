// What is asked for becomes commits: requests of all streams gather while one commit is under way,
// are checked against what is durable and against each other, and are written together. One commit
// at a time, so that what it was checked against is true when it is written.
import { unreachable } from '../../../core/assert.ts';
import { systemTimers, type Clock, type Timer } from '../../../core/clock.ts';
import { isStreamError } from '../../../core/errors.ts';
import type { Entry } from '../../log.ts';
import { logClosed, streamDeleted, trimConflict } from '../../refuse.ts';
import { createStager, isDurableAsItIs, undo, type Batch, type Request } from './batch.ts';
import { createGathering } from './gathering.ts';
import type { LeaseTable, Staged } from './leases.ts';
import type { AppendRequest, DeleteRequest, Stream } from './streams.ts';
import type { StoreThread } from './thread.ts';

interface TrimRequest {
  readonly stream: Stream;
  readonly entries: readonly Entry[];
  resolve(): void;
  reject(error: unknown): void;
}

export interface Committer {
  append(request: AppendRequest): void;
  delete(request: DeleteRequest): void;
  trim(request: TrimRequest): void;
  /** Makes a change of a lease durable; resolves with its result. */
  lease<T>(change: () => Staged<T>): Promise<T>;
  /** Lets what waits for the stream wait until `unpin`: something about it is looked up. */
  pin(stream: Stream): void;
  unpin(stream: Stream): void;
  /** Writes what waits and folds the journal into pages; nothing is taken any more. */
  close(): Promise<void>;
}

interface CommitterDeps {
  readonly thread: StoreThread;
  readonly leases: LeaseTable;
  readonly clock: Clock;
  /** How long requests gather under load before they are committed together, in ms. */
  readonly gatherMs: number;
  /** Whether anybody follows the stream. */
  readonly isFollowed: (stream: string) => boolean;
  /** Tells followers where a stream ends now, and what was added. */
  readonly announce: (stream: string, head: number, added?: readonly Entry[]) => void;
}

/** From so many requests on, the next commit waits for more. Chosen: fewer do not make a process busy. */
const minBusyRequests = 16;
const maxAgeMs = 10_000; // Chosen: at rest nothing stays in the journal for longer.
/** A single request as small as this finds no room only where there is none. */
const smallLength = 64 * 1024;

export function createCommitter(deps: CommitterDeps): Committer {
  const { thread, leases, clock, gatherMs, isFollowed, announce } = deps;
  const stager = createStager({ leases, lastStreamId: thread.opened.lastStreamId, isFollowed });
  const gathering = createGathering(stager, wake);
  const waitingTrims: TrimRequest[] = [];
  /** How many requests a commit may hold: fewer and fewer where one fails. */
  let maxRequests = Infinity;
  let running: Promise<void> | undefined;
  let isClosing = false;
  let age: Timer | undefined;

  function wake(): void {
    running ??= run();
  }

  async function run(): Promise<void> {
    // What else is asked for in this turn comes along.
    await Promise.resolve();
    while (hasWork()) await commitOnce();
    running = undefined;
  }

  function hasWork(): boolean {
    return gathering.hasWork() || waitingTrims.length > 0;
  }

  async function commitOnce(): Promise<void> {
    const trim = waitingTrims.shift();
    if (trim !== undefined) {
      await performTrim(trim);
      return;
    }
    const batch = gathering.seal({ nowMs: Math.trunc(clock.now()), maxRequests });
    if (!isDurableAsItIs(batch)) await commit(batch);
    else settle(batch);
    // Under load a little patience makes commits bigger and fewer: each costs much the same.
    if (batch.requests.length >= minBusyRequests && gatherMs > 0) await rest();
  }

  async function rest(): Promise<void> {
    await new Promise<void>((resolve) => systemTimers.setTimer(gatherMs, resolve));
  }

  async function commit(batch: Batch): Promise<void> {
    const { changes } = batch;
    const block = batch.streams.length === 0 ? null : batch.block.finish();
    try {
      await thread.call('commit', { block, changes }, block === null ? [] : [block.buffer]);
      foldLater();
      settle(batch);
    } catch (error) {
      retreat(batch, error);
    }
  }

  /** What is in the journal for long becomes pages also where nothing else is to be written. */
  function foldLater(): void {
    age ??= clock.setTimer(maxAgeMs, () => {
      age = undefined;
      void foldAll();
    });
  }

  async function foldAll(): Promise<void> {
    try {
      while (await thread.call('fold', null));
    } catch {
      // Without room for it, or without a store: it stays in the journal, and is folded with a later commit.
    }
  }

  /** The batch is durable. */
  function settle(batch: Batch): void {
    maxRequests *= 2;
    for (const stream of batch.streams) {
      stream.head = stream.staged;
      announce(stream.name, stream.head, batch.followed.get(stream));
    }
    for (const request of batch.requests) answer(request);
  }

  function answer(request: Request): void {
    switch (request.type) {
      case 'append': {
        const { outcome, options, stream } = request;
        if (isStreamError(outcome)) request.reject(outcome);
        else if (outcome !== undefined) request.resolve(outcome);
        if (options.key !== undefined) forgetKeys(stream);
        return;
      }
      case 'delete':
        if (request.outcome === true) forget(request.stream);
        request.resolve(request.outcome === true);
        return;
      case 'lease':
        request.resolve(request.outcome);
        return;
      default:
        unreachable(request);
    }
  }

  function forget(stream: Stream): void {
    stream.isDeleted = true;
    announce(stream.name, Infinity);
  }

  /** Nothing of the batch was written: each is tried again with fewer beside it, then refused. */
  function retreat(batch: Batch, error: unknown): void {
    const { requests, length } = batch;
    undo(batch);
    // A lock holds up few as long as many.
    const isLocked = isStreamError(error) && error.details['isLocked'] === true;
    if (requests.length > 1 && !isLocked) {
      maxRequests = Math.floor(requests.length / 2);
      gathering.putBack(batch);
      return;
    }
    for (const request of requests) request.reject(error);
    // Not even a small one finds room: all that wait would be refused one by one, a commit each.
    if (requests.length === 1 && length <= smallLength && !isLocked) {
      gathering.refuseAll(error);
      maxRequests = Infinity;
    }
  }

  async function performTrim({ stream, entries, resolve, reject }: TrimRequest): Promise<void> {
    const { id, name, head } = stream;
    const through = entries.at(-1)?.offset ?? 0;
    try {
      if (stream.isDeleted) throw streamDeleted(name);
      if (through > head) throw trimConflict(name, { from: entries[0]?.from ?? 0, through });
      await thread.call('trim', { name, stream: id, entries });
      announce(name, head);
      resolve();
    } catch (error) {
      reject(error);
    } finally {
      gathering.unpin(stream);
    }
  }

  return {
    append: gathering.add,
    delete: gathering.add,
    trim(request) {
      gathering.pin(request.stream);
      waitingTrims.push(request);
      wake();
    },
    async lease(change) {
      if (isClosing) throw logClosed();
      return await new Promise((resolve, reject) => {
        gathering.addLease({ type: 'lease', change, outcome: undefined, resolve, reject });
      });
    },
    pin: gathering.pin,
    unpin: gathering.unpin,
    async close() {
      isClosing = true;
      await running;
      age?.cancel();
      await foldAll(); // What was begun, of which the newest is no part;
      await foldAll(); // then all.
    },
  };
}

/** What is known of keys is kept only while a request needs it: the store knows them all. */
function forgetKeys(stream: Stream): void {
  if (stream.first === undefined && stream.pins === 0) stream.keys.clear();
}
