// Conversations at rest become shorter: the deltas of an answer become one entry, by the merge that
// readers catch up with. Work without hurry, beside everything else.
import { assert } from '../core/assert.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { isStreamError } from '../core/errors.ts';
import { isConversationId } from '../core/ids.ts';
import { createTaskGroup } from '../core/task-group.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { PlacedEvent } from '../conversation/event.ts';
import { merge } from '../conversation/merge.ts';
import { hasEnded } from '../conversation/run.ts';
import type { Entry, Log } from '../log/log.ts';
import { entryOf, placedEventOf } from './entries.ts';

export interface Compaction {
  /** Begins to look, soon and then every few minutes, for what has come to rest. Idempotent. */
  start(): void;
  /** Ends it at the next entry's boundary, and resolves then. */
  close(): Promise<void>;
}

export interface CompactionDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** How long nothing must have been added, in ms. Infinity: nothing is ever compacted. */
  readonly graceMs: number;
}

const firstRoundMs = 10_000; // Chosen: when those who reconnect to a new server have been served.
const roundMs = 5 * 60_000; // Chosen: little beside the default grace time.
const batchSize = 20; // Chosen: so few that a list of them is nothing to hold.
const maxRoundStreams = 10_000; // Chosen: what is left waits for the next round.
const maxLeft = 10_000; // Chosen: as a round's; of more, the first are looked at once more.

export function createCompaction({ log, clock, telemetry, graceMs }: CompactionDeps): Compaction {
  const tasks = createTaskGroup((error) => telemetry({ type: 'background-failed', task: 'compaction', error }));
  // What has a live run or cannot be read, and where it ended then: let be until it has grown.
  const left = new Map<string, number>();
  let timer: Timer | undefined;

  function schedule(ms: number): void {
    timer = clock.setTimer(ms, () => tasks.start(round));
  }

  async function round(signal: AbortSignal): Promise<void> {
    try {
      await compactAll(signal);
    } finally {
      if (!signal.aborted) schedule(roundMs);
    }
  }

  async function compactAll(signal: AbortSignal): Promise<void> {
    const quietSinceMs = clock.now() - graceMs;
    // The store goes on to name what is let be: it is asked for as many more, to get at those behind.
    const passed = new Set<string>();
    for (let looked = 0; looked < maxRoundStreams;) {
      const streams = await log.untrimmed({ quietSinceMs, limit: batchSize + passed.size });
      const batch = streams.filter((stream) => !passed.has(stream));
      if (batch.length === 0) return;
      for (const stream of batch) {
        if (signal.aborted) return;
        looked += 1;
        if (!(await compactOne(stream, signal))) passed.add(stream);
      }
    }
  }

  /** Whether the stream is as short as can be. */
  async function compactOne(stream: string, signal: AbortSignal): Promise<boolean> {
    let head = -1;
    try {
      head = await log.head(stream);
      if (left.get(stream) === head) return false;
      const isDone = await compactStream(log, { stream, head, signal });
      if (!isDone && !signal.aborted) leave(stream, head);
      return isDone;
    } catch (error) {
      // One that cannot be read must not keep the others from their turn.
      if (isStreamError(error, 'stream-deleted') || signal.aborted) return false;
      telemetry({ type: 'background-failed', task: `compaction of ${stream}`, error });
      if (!isStreamError(error, 'store-unavailable')) leave(stream, head);
      return false;
    }
  }

  function leave(stream: string, head: number): void {
    left.delete(stream);
    left.set(stream, head);
    if (left.size <= maxLeft) return;
    for (const oldest of left.keys()) {
      left.delete(oldest);
      return;
    }
  }

  return {
    start() {
      if (timer === undefined && !tasks.isClosed && graceMs < Infinity) schedule(firstRoundMs);
    },
    async close() {
      timer?.cancel();
      await tasks.close();
    },
  };
}

interface Extent {
  readonly stream: string;
  /** The last offset that is looked at. */
  readonly head: number;
  readonly signal: AbortSignal;
}

/** Whether it was compacted, up to the head; false where a run is live, or the signal aborted. */
async function compactStream(log: Log, { stream, head, signal }: Extent): Promise<boolean> {
  // What is no conversation stays as it is. That its end was looked at is all that the store is told.
  const isConversation = isConversationId(stream);
  if (isConversation && (await hasLiveRun(log, { stream, head, signal }))) return false;
  const stored = new WeakSet<Entry>();
  let last: Entry | undefined; // Held back: what comes next may belong to it.
  for await (const entries of stepsOf(log, { stream, head, after: isConversation ? 0 : head - 1 })) {
    if (signal.aborted) return false;
    for (const entry of entries) stored.add(entry);
    const merged = mergeEntries(last === undefined ? entries : [last, ...entries]);
    last = merged.pop();
    if (merged.some((entry) => !stored.has(entry))) await log.trim(stream, merged);
  }
  if (last !== undefined) await log.trim(stream, [last]);
  return true;
}

async function hasLiveRun(log: Log, { stream, head, signal }: Extent): Promise<boolean> {
  const live = new Set<string>();
  for await (const entries of stepsOf(log, { stream, head, after: 0 })) {
    if (signal.aborted) return true;
    for (const entry of entries) {
      const { event } = entry.type === 'run' ? placedEventOf(entry) : {};
      if (event?.type !== 'run') continue;
      if (hasEnded(event.status)) live.delete(event.id);
      else live.add(event.id);
    }
  }
  return live.size > 0;
}

/** The entries up to the head, in as many steps as the log gives them in. */
async function* stepsOf(
  log: Log,
  { stream, head, after }: { stream: string; head: number; after: number },
): AsyncGenerator<readonly Entry[], void> {
  for (let offset = after; offset < head;) {
    const entries = (await log.read(stream, { after: offset })).filter((entry) => entry.offset <= head);
    const last = entries.at(-1);
    assert(last !== undefined, 'what a stream holds up to its head can be read');
    offset = last.offset;
    yield entries;
  }
}

// Chosen: with the longest step to which it may be joined, far from what a reader takes at once.
const maxMergedLength = 1024 * 1024;

/** The entries with adjacent deltas of one part joined; each of the others is the same object as before. */
export function mergeEntries(entries: readonly Entry[]): Entry[] {
  const byOffset = new Map(entries.map((entry) => [entry.offset, entry]));
  return merge(entries.map(mergeableOf)).map(({ from, offset, event }) => {
    const last = byOffset.get(offset);
    assert(last !== undefined, 'what is merged ends where one of the entries ends');
    return last.from === from ? last : { ...entryOf(event), from, offset, atMs: last.atMs };
  });
}

const knownFields: ReadonlySet<string> = new Set(['type', 'message', 'part', 'at', 'text', 'value', 'mark']);

/** The entry's event where joining it with another loses nothing, else one that joins with none. */
function mergeableOf(entry: Entry): PlacedEvent {
  const { from, offset } = entry;
  if ((entry.type === 'delta' || entry.type === 'part') && entry.data.length < maxMergedLength) {
    const placed = placedEventOf(entry);
    // A newer version may say more of a delta than we know.
    if (Object.keys(placed.event).every((field) => knownFields.has(field))) return placed;
  }
  return { from, offset, event: { type: 'unknown' } };
}
