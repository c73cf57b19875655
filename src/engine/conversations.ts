// Conversations as they stand: the log reduced, kept so that the next look reads only what is new.
import { StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import { emptyConversation, reduce, type Conversation } from '../conversation/reduce.ts';
import type { Log } from '../log/log.ts';
import { placedEventOf } from './entries.ts';

export interface Conversations {
  /** The state as of the newest commit. Errors: `conversation-not-found`. */
  load(id: ConversationId): Promise<Conversation>;
}

const maxCached = 200; // Chosen: those that people look at now, at some kB each.

export function createConversations(log: Log): Conversations {
  // Least recently used first: a Map keeps the order of insertion.
  const cache = new Map<ConversationId, Conversation>();

  function keep(state: Conversation): void {
    const kept = cache.get(state.id);
    cache.delete(state.id);
    cache.set(state.id, kept !== undefined && kept.offset > state.offset ? kept : state);
    if (cache.size <= maxCached) return;
    for (const oldest of cache.keys()) {
      cache.delete(oldest);
      return;
    }
  }

  return {
    async load(id) {
      let state = cache.get(id) ?? emptyConversation(id);
      while (true) {
        const entries = await log.read(id, { after: state.offset });
        if (entries.length === 0) break;
        for (const entry of entries) state = reduce(state, placedEventOf(entry));
      }
      if (state.offset === 0) {
        throw new StreamError(
          'conversation-not-found',
          `Expected an existing conversation, but there is none with the id ${id}. List them with GET /api/conversations.`,
        );
      }
      keep(state);
      return state;
    },
  };
}
