// Conversations as they stand: the log reduced, kept so that the next look reads only what is new.
import { isStreamError, StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import { merge } from '../conversation/merge.ts';
import { isGrowing, type Message, type Part } from '../conversation/message.ts';
import { emptyConversation, reduce, type Conversation } from '../conversation/reduce.ts';
import type { Entry, Log } from '../log/log.ts';
import { placedEventOf } from './entries.ts';

export interface Conversations {
  /**
   * The state as of the newest commit: the same object for as long as there is no newer one and it is
   * kept, so that what is made of it can be shared. Errors: `conversation-not-found`.
   */
  load(id: ConversationId): Promise<Conversation>;
  /** The same, for people: one that was deleted is not found, though it can still be brought back. */
  loadLive(id: ConversationId): Promise<Conversation>;
}

/** What is kept at most, in UTF-16 code units of its parts. */
const maxCachedLength = 32 * 1024 * 1024; // Chosen: hundreds of those that people look at now, at some 100 kB each.

export function createConversations(log: Log): Conversations {
  // Least recently used first: a Map keeps the order of insertion.
  const cache = new Map<ConversationId, { readonly state: Conversation; readonly length: number }>();
  let cachedLength = 0;
  const looks = new Map<ConversationId, { readonly current: Promise<Conversation>; next?: Promise<Conversation> }>();

  function forget(id: ConversationId): void {
    cachedLength -= cache.get(id)?.length ?? 0;
    cache.delete(id);
  }

  function keep(state: Conversation): void {
    forget(state.id);
    const length = lengthOf(state);
    cache.set(state.id, { state, length });
    cachedLength += length;
    for (const oldest of cache.keys()) {
      if (cachedLength <= maxCachedLength || oldest === state.id) return;
      forget(oldest);
    }
  }

  /** Looks at once, or, where that is being done, once more behind it, together with all who came meanwhile. */
  function load(id: ConversationId): Promise<Conversation> {
    const look = looks.get(id);
    if (look === undefined) return start(id);
    // What is being read may miss what this caller knows to be committed.
    const again = (): Promise<Conversation> => start(id);
    look.next ??= look.current.then(again, again);
    return look.next;
  }

  function start(id: ConversationId): Promise<Conversation> {
    const look = { current: read(id) };
    const end = (): void => {
      if (looks.get(id) === look) looks.delete(id);
    };
    looks.set(id, look);
    look.current.then(end, end);
    return look.current;
  }

  async function read(id: ConversationId): Promise<Conversation> {
    let state: Conversation;
    try {
      state = await catchUp(cache.get(id)?.state ?? emptyConversation(id));
    } catch (error) {
      forget(id);
      throw isStreamError(error, 'stream-deleted') ? notFound(id) : error;
    }
    if (state.offset === 0) throw notFound(id);
    keep(state);
    return state;
  }

  async function catchUp(from: Conversation): Promise<Conversation> {
    let state = from;
    while (true) {
      let entries: readonly Entry[];
      try {
        entries = await log.read(state.id, { after: state.offset });
      } catch (error) {
        // What was kept ends within what has become one entry: all of it is read anew.
        if (!isStreamError(error, 'offset-expired')) throw error;
        state = emptyConversation(state.id);
        continue;
      }
      if (entries.length === 0) return state;
      for (const placed of merge(entries.map(placedEventOf))) state = reduce(state, placed);
    }
  }

  return {
    load,
    async loadLive(id) {
      const state = await load(id);
      if (state.deletedAtMs !== null) throw notFound(id);
      return state;
    },
  };
}

// Each message's, for as long as there is the message, which never changes: only what is new is measured.
const lengths = new WeakMap<Message, number>();

function lengthOf({ messages }: Conversation): number {
  let sum = 1_000; // About what one takes without its messages.
  for (const message of messages) {
    let length = lengths.get(message);
    if (length === undefined) {
      length = 500 + message.parts.reduce((total, part) => total + lengthOfPart(part), 0);
      lengths.set(message, length);
    }
    sum += length;
  }
  return sum;
}

function lengthOfPart(part: Part): number {
  return 100 + (isGrowing(part) ? part.text.length : JSON.stringify(part).length);
}

function notFound(id: ConversationId): StreamError {
  return new StreamError(
    'conversation-not-found',
    `Expected an existing conversation, but there is none with the id ${id}. List them with GET /api/conversations.`,
  );
}
