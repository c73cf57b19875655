// One conversation as a screen shows it: follows the stream and reduces it, with the reducer that
// the server uses. Framework-free: `subscribe` and `getSnapshot`.
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { isStreamError, messageOf, StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import { isRecord, tryParseJson, type JsonRecord } from '../core/json.ts';
import { errorOfProblem } from '../core/problem.ts';
import type { Random } from '../core/random.ts';
import { parseEvent, type PlacedEvent } from '../conversation/event.ts';
import { reduce, type Conversation } from '../conversation/reduce.ts';
import { connect } from '../sse/connect.ts';
import type { SseMessage } from '../sse/event.ts';
import type { Phase } from '../sse/reconnect.ts';
import type { Transport } from './transport.ts';

/** What a screen shows. A new object at each change, the same one while nothing changes. */
export interface ConversationView {
  /** Undefined until the first snapshot is there. */
  readonly conversation: Conversation | undefined;
  readonly phase: Phase;
  /** Why the phase is `ended`. */
  readonly error: StreamError | undefined;
}

export interface ConversationStore {
  getSnapshot(): ConversationView;
  /** Calls `listener` after each change. Connected while there is a listener. */
  subscribe(listener: () => void): () => void;
}

const maxSnapshotLength = 2 ** 29; // Chosen: about the longest string that V8 can hold.
const maxGaps = 8; // Chosen: with the waits below some minutes, and then a person is told.
const minStreamMs = 5_000; // Chosen: what a stream lasts at least that is worth another at once.
const gapBackoff = { baseMs: 1_000, maxMs: 60_000 };

export function createConversationStore(
  id: ConversationId,
  transport: Transport,
  deps: { clock: Clock; random: Random },
): ConversationStore {
  const listeners = new Set<() => void>();
  let view: ConversationView = { conversation: undefined, phase: 'connecting', error: undefined };
  let cursor = '';
  let following: AbortController | undefined;
  // Since the last event that fitted.
  let gaps = 0;

  function show(change: Partial<ConversationView>): void {
    view = { ...view, ...change };
    for (const listener of listeners) listener();
  }

  function take(message: SseMessage): void {
    const data = tryParseJson(message.data);
    if (!isRecord(data)) return;
    const conversation = message.event === 'snapshot' ? parseSnapshot(data) : advance(message, data);
    cursor = message.lastEventId;
    if (conversation !== undefined && conversation !== view.conversation) show({ conversation });
  }

  function advance(message: SseMessage, data: JsonRecord): Conversation | undefined {
    if (view.conversation === undefined) return undefined;
    const next = reduce(view.conversation, placed(message, data));
    gaps = 0;
    return next;
  }

  /** Follows until the server goes, and says so, or has no more. */
  async function follow(signal: AbortSignal): Promise<'bye' | 'end'> {
    let isOver = false;
    const options = {
      signal,
      lastEventId: cursor,
      headers: transport.headers,
      fetch: transport.fetch,
      onPhase(phase: Phase) {
        if (signal.aborted || isOver) return;
        // What is on the screen came by the connection before.
        const isStale = phase === 'connecting' && view.conversation !== undefined;
        show({ phase: isStale ? 'stale' : phase, error: undefined });
      },
      // A snapshot is as long as its conversation, and the server is our own.
      maxEventLength: maxSnapshotLength,
      ...deps,
    };
    for await (const message of connect(transport.url(`/api/conversations/${id}/events`), options)) {
      isOver = message.event === 'bye';
      if (isOver) return 'bye';
      take(message);
    }
    return 'end';
  }

  /** Waits before the next try; false where nobody listens any more. */
  async function pause(signal: AbortSignal): Promise<boolean> {
    try {
      await deps.clock.sleep(gapBackoff.baseMs + backoffMs(gaps, deps.random, gapBackoff), { signal });
      return true;
    } catch {
      return false;
    }
  }

  async function keepFollowing(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAtMs = deps.clock.now();
      try {
        if ((await follow(signal)) === 'end') return;
        show({ phase: 'stale' });
        // At once, for another server may be there. One that says it again and again must make no storm.
        if (deps.clock.now() - startedAtMs < minStreamMs && !(await pause(signal))) return;
      } catch (error) {
        if (signal.aborted) return;
        if (isStreamError(error, 'event-gap') && gaps < maxGaps) {
          cursor = ''; // Begins anew with a snapshot; what is on the screen stays until it comes.
          gaps += 1;
          // The first at once. A gap behind each snapshot is no accident, and must make no storm.
          if (gaps > 1 && !(await pause(signal))) return;
          continue;
        }
        show({ phase: 'ended', error: knownError(error) });
        return;
      }
    }
  }

  return {
    getSnapshot: () => view,
    subscribe(listener) {
      listeners.add(listener);
      if (following === undefined) {
        following = new AbortController();
        void keepFollowing(following.signal);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        following?.abort();
        following = undefined;
      };
    },
  };
}

/** What ended the stream: the server's own reason where it gave one. */
function knownError(error: unknown): StreamError {
  if (!isStreamError(error)) return new StreamError('request-failed', messageOf(error), { cause: error });
  const { status, body } = error.details;
  return errorOfProblem(tryParseJson(String(body)), Number(status)) ?? error;
}

function parseSnapshot(data: JsonRecord): Conversation | undefined {
  if (typeof data['offset'] !== 'number' || !Array.isArray(data['messages'])) return undefined;
  return data as unknown as Conversation; // The server's own reducer made it.
}

/** The event with the offsets that it covers: up to its id's, from `from` where it joins several. */
function placed(message: SseMessage, { from, ...data }: JsonRecord): PlacedEvent {
  const offset = Number(message.lastEventId.slice(message.lastEventId.lastIndexOf('.') + 1));
  return { from: typeof from === 'number' ? from : offset, offset, event: parseEvent(message.event, data) };
}
