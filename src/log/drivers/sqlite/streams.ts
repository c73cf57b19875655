// The streams that are at work: where they end, and what waits to be written. All else stays in the
// store until somebody asks for it.
import type { StreamError } from '../../../core/errors.ts';
import type { AppendOptions, AppendResult, NewEntry } from '../../log.ts';
import type { StoredStream } from './protocol.ts';
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
  let asked: string[] = [];

  /** Reads all that is asked for in this turn at once: a crowd that comes back asks for thousands. */
  async function fetchAsked(): Promise<void> {
    await Promise.resolve();
    const names = asked;
    asked = [];
    try {
      const found = await thread.call('streams', { names });
      for (const [index, name] of names.entries()) arrive(name, found[index] ?? noStream);
    } catch (error) {
      for (const name of names) for (const arrival of takeArrivals(name)) arrival.fail(error);
    }
  }

  function arrive(name: string, stored: StoredStream): void {
    const stream = newStream(name, stored);
    makeRoom();
    cached.set(name, stream);
    for (const arrival of takeArrivals(name)) arrival.use(stream);
  }

  function takeArrivals(name: string): readonly Arrival[] {
    const arrivals = loading.get(name) ?? [];
    loading.delete(name);
    return arrivals;
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
    loading.set(name, [{ use: onStream, fail }]);
    if (asked.push(name) === 1) void fetchAsked();
  }

  return {
    peek: (name) => cached.get(name),
    use,
    load: (name) => new Promise((resolve, reject) => use(name, resolve, reject)),
  };
}

const noStream: StoredStream = { id: 0, head: 0, isDeleted: false };

function newStream(name: string, { id, head, isDeleted }: StoredStream): Stream {
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
