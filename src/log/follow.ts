// Readers without queues: a reader is an offset that pulls, and is woken by commits. Stored and live
// entries come the same way. Independent of the driver, which gives what there is after an offset.
import type { Entry } from './log.ts';

/** Everything after an offset, in order, up to a step's bound. Fewer than all only where the bound is met. */
export type ReadStep = (stream: string, after: number) => Promise<readonly Entry[]>;

/** All followers of a log. */
export interface Followers {
  /** `Log.follow`. */
  follow(stream: string, options: { after: number; signal?: AbortSignal }): AsyncIterable<readonly Entry[]>;
  /**
   * The stream ends at `head` now, or was trimmed or deleted: its readers look again. Where `added`
   * is given, those that are near the end need not read it.
   */
  announce(stream: string, head: number, added?: readonly Entry[]): void;
  /** Whether anybody follows the stream. */
  has(stream: string): boolean;
  /** Ends every follower. */
  close(): void;
}

/** The readers of one stream. */
interface Audience {
  /** The last that was announced; undefined before the first. */
  head: number | undefined;
  /** Each wakes one reader that waits. */
  waiting: Set<() => void>;
  /** What was read after an offset since the last commit: shared by those who stand there. */
  readonly steps: Map<number, Promise<readonly Entry[]>>;
  /** The newest entries, as they were announced, without a gap to the end. */
  recent: Entry[];
  /** UTF-16 code units of their data. */
  recentLength: number;
  followers: number;
}

/** One follower. */
interface Reader {
  /** Wakes it where it waits. */
  wake: (() => void) | undefined;
  hasLeft: boolean;
}

const maxRecentLength = 256 * 1024; // Chosen: seconds of a fast model; who is further behind reads the store.
const maxSharedSteps = 16; // Chosen: nearly all readers stand at the end; each step here may hold megabytes.

export function createFollowers(read: ReadStep): Followers {
  const audiences = new Map<string, Audience>();
  let isClosed = false;

  function join(stream: string): Audience {
    let audience = audiences.get(stream);
    if (audience === undefined) {
      audience = { head: undefined, waiting: new Set(), steps: new Map(), recent: [], recentLength: 0, followers: 0 };
      audiences.set(stream, audience);
    }
    audience.followers += 1;
    return audience;
  }

  function leave(stream: string, audience: Audience): void {
    audience.followers -= 1;
    if (audience.followers === 0) audiences.delete(stream);
  }

  function stepAfter(stream: string, audience: Audience, after: number): Promise<readonly Entry[]> {
    const shared = audience.steps.get(after);
    if (shared !== undefined) return shared;
    const step = recentAfter(audience, after) ?? read(stream, after);
    for (const oldest of audience.steps.keys()) {
      if (audience.steps.size < maxSharedSteps) break;
      audience.steps.delete(oldest);
    }
    audience.steps.set(after, step);
    // What failed is tried anew by who comes next.
    step.catch(() => {
      if (audience.steps.get(after) === step) audience.steps.delete(after);
    });
    return step;
  }

  function follow(
    stream: string,
    { after, signal }: { after: number; signal?: AbortSignal },
  ): AsyncIterable<readonly Entry[]> {
    const reader: Reader = { wake: undefined, hasLeft: false };
    const hasEnded = (): boolean => isClosed || reader.hasLeft || signal?.aborted === true;
    const steps = stepsOf({ stream, after, signal }, reader, hasEnded);
    const iterator: AsyncIterableIterator<readonly Entry[], void> = {
      next: () => steps.next(),
      return() {
        // A generator alone would first wait for the next entry.
        reader.hasLeft = true;
        reader.wake?.();
        return steps.return();
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  async function* stepsOf(
    { stream, after, signal }: { stream: string; after: number; signal: AbortSignal | undefined },
    reader: Reader,
    hasEnded: () => boolean,
  ): AsyncGenerator<readonly Entry[], void> {
    if (hasEnded()) return;
    const onAbort = (): void => reader.wake?.();
    const audience = join(stream);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      let offset = after;
      while (!hasEnded()) {
        const { head } = audience;
        const entries = head === undefined || offset < head ? await stepAfter(stream, audience, offset) : [];
        if (hasEnded()) return;
        const last = entries.at(-1);
        if (last !== undefined) {
          offset = last.offset;
          yield entries;
        } else if (audience.head === head) {
          const woken = Promise.withResolvers<void>();
          reader.wake = woken.resolve;
          audience.waiting.add(woken.resolve);
          // When all wait at the end, nobody needs what they have read.
          if (audience.waiting.size === audience.followers) audience.steps.clear();
          await woken.promise;
          audience.waiting.delete(woken.resolve);
        }
      }
    } catch (error) {
      // A read that the end cut short says so: that is no failure.
      if (!hasEnded()) throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      leave(stream, audience);
    }
  }

  function wakeAll(audience: Audience): void {
    const { waiting } = audience;
    audience.waiting = new Set();
    audience.steps.clear();
    for (const wake of waiting) wake();
  }

  return {
    follow,
    announce(stream, head, added = []) {
      const audience = audiences.get(stream);
      if (audience === undefined) return;
      audience.head = head;
      keepRecent(audience, added);
      wakeAll(audience);
    },
    has: (stream) => audiences.has(stream),
    close() {
      isClosed = true;
      for (const audience of audiences.values()) wakeAll(audience);
    },
  };
}

/** The newest entries with those that were added; none where the stream was changed in another way. */
function keepRecent(audience: Audience, added: readonly Entry[]): void {
  const isNext = audience.recent.at(-1)?.offset === (added[0]?.from ?? 0) - 1;
  const addedLength = added.reduce((sum, { data }) => sum + data.length, 0);
  if (!isNext || audience.recentLength + addedLength > maxRecentLength) {
    audience.recent = [];
    audience.recentLength = 0;
  }
  if (addedLength > maxRecentLength) return;
  for (const entry of added) audience.recent.push(entry);
  audience.recentLength += addedLength;
}

/** What comes after the offset, where it is among the newest entries. */
function recentAfter({ recent }: Audience, after: number): Promise<readonly Entry[]> | undefined {
  const [first] = recent;
  // Each of these stands for one offset.
  if (first === undefined || after < first.from - 1) return undefined;
  return Promise.resolve(recent.slice(after - first.from + 1));
}
