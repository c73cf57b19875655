// Conversations as they stand: the log reduced, kept so that the next look reads only what is new.
import { isStreamError, StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import { merge } from '../conversation/merge.ts';
import { emptyConversation, reduce, type Conversation } from '../conversation/reduce.ts';
import type { Entry, Log } from '../log/log.ts';
import { placedEventOf } from './entries.ts';

export interface Conversations {
  /**
   * The state as of the newest commit: the same object for as long as there is no newer one and it is
   * kept, so that what is made of it can be shared. Errors: `conversation-not-found`.
   */
  load(id: ConversationId): Promise<Conversation>;
}

const maxCached = 200; // Chosen: those that people look at now, at some kB each.

export function createConversations(log: Log): Conversations {
  // Least recently used first: a Map keeps the order of insertion.
  const cache = new Map<ConversationId, Conversation>();
  const looks = new Map<ConversationId, { readonly current: Promise<Conversation>; next?: Promise<Conversation> }>();

  function keep(state: Conversation): void {
    cache.delete(state.id);
    cache.set(state.id, state);
    if (cache.size <= maxCached) return;
    for (const oldest of cache.keys()) {
      cache.delete(oldest);
      return;
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
    const state = await catchUp(cache.get(id) ?? emptyConversation(id));
    if (state.offset === 0) {
      throw new StreamError(
        'conversation-not-found',
        `Expected an existing conversation, but there is none with the id ${id}. List them with GET /api/conversations.`,
      );
    }
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

  return { load };
}
