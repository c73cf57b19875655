// The streams that are at work: where they end, and what waits to be written. All else stays in the
// store until somebody asks for it.
import type { StreamError } from '../../../core/errors.ts';
import type { AppendOptions, AppendResult, NewEntry } from '../../log.ts';
import type { StoreThread } from './thread.ts';

/** An append that waits to be written. */
export interface AppendRequest {
  readonly type: 'append';
  readonly stream: Stream;
  /** How it ends once the commit that it is in is durable: what it resolves or rejects with. */
  outcome: AppendResult | StreamError | undefined;
  /** What waits behind it for the same stream. */
  next: AppendRequest | DeleteRequest | undefined;
  readonly entries: readonly NewEntry[];
  readonly options: AppendOptions;
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

/** A delete that waits to be written. */
export interface DeleteRequest {
  readonly type: 'delete';
  readonly stream: Stream;
  /** Whether there was something to delete. */
  outcome: boolean | undefined;
  next: AppendRequest | DeleteRequest | undefined;
  resolve(wasThere: boolean): void;
  reject(error: unknown): void;
}

export interface Stream {
  readonly name: string;
  /** Its number in the store; 0 until something is written. */
  id: number;
  /** Whether it is gone, for all to see. */
  isDeleted: boolean;
  /** Whether it is, or will be when the commit that is under way is durable. */
  isDeleting: boolean;
  /** The last offset that is durable. */
  head: number;
  /** The last offset that will be durable when the commit is that is under way. */
  staged: number;
  /** Requests in the order of the calls: each knows the next. */
  first: AppendRequest | DeleteRequest | undefined;
  last: AppendRequest | DeleteRequest | undefined;
  /** How much must be looked up in the store, or done to it, before any of them can be written. */
  pins: number;
  /** Results of the keys that those requests carry, as far as they are known; null where it is new. */
  readonly keys: Map<string, AppendResult | null>;
  /** Whether it is among those that are next to be written. */
  isReady: boolean;
}

export interface Streams {
  /** The stream if it is at work. */
  peek(name: string): Stream | undefined;
  /** Calls `use` with the stream: at once where it is at work, else when it was read from the store; in the order of the calls. */
  use(name: string, use: (stream: Stream) => void, fail: (error: unknown) => void): void;
  /** The stream, as a promise. It may not be at work any more when that settles: only to be read. */
  load(name: string): Promise<Stream>;
}

interface Arrival {
  use(stream: Stream): void;
  fail(error: unknown): void;
}

const maxCached = 10_000; // Chosen: some MB.
const maxLooked = 8; // So many are looked at for each that comes, so that none costs much.

export function createStreams(thread: StoreThread): Streams {
  const cached = new Map<string, Stream>();
  const loading = new Map<string, Arrival[]>();

  async function fetch(name: string, arrivals: readonly Arrival[]): Promise<void> {
    try {
      const stored = await thread.call('stream', { name });
      const stream = newStream(name, stored ?? { id: 0, head: 0, isDeleted: false });
      makeRoom();
      cached.set(name, stream);
      loading.delete(name);
      for (const arrival of arrivals) arrival.use(stream);
    } catch (error) {
      loading.delete(name);
      for (const arrival of arrivals) arrival.fail(error);
    }
  }

  function makeRoom(): void {
    if (cached.size < maxCached) return;
    let looked = 0;
    for (const [name, stream] of cached) {
      cached.delete(name);
      if (!isIdle(stream)) cached.set(name, stream);
      if ((looked += 1) >= maxLooked) return;
    }
  }

  function use(name: string, onStream: (stream: Stream) => void, fail: (error: unknown) => void): void {
    const stream = cached.get(name);
    if (stream !== undefined) {
      onStream(stream);
      return;
    }
    const arrivals = loading.get(name);
    if (arrivals !== undefined) {
      arrivals.push({ use: onStream, fail });
      return;
    }
    const first = [{ use: onStream, fail }];
    loading.set(name, first);
    void fetch(name, first);
  }

  return {
    peek: (name) => cached.get(name),
    use,
    load: (name) => new Promise((resolve, reject) => use(name, resolve, reject)),
  };
}

function newStream(name: string, stored: { id: number; head: number; isDeleted: boolean }): Stream {
  const { id, head, isDeleted } = stored;
  return {
    name,
    id,
    isDeleted,
    isDeleting: isDeleted,
    head,
    staged: head,
    first: undefined,
    last: undefined,
    pins: 0,
    keys: new Map(),
    isReady: false,
  };
}

/** Whether nothing of it would be lost if it were read from the store again. */
function isIdle({ head, staged, isDeleted, isDeleting, first, pins, isReady }: Stream): boolean {
  return head === staged && isDeleted === isDeleting && first === undefined && pins === 0 && !isReady;
}
