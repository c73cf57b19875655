// A conversation in a React component: a thin shell over the client's store.
import { useMemo, useSyncExternalStore } from 'react';
import type { Client } from '../client/client.ts';
import type { ConversationView } from '../client/conversation-store.ts';
import type { ConversationId } from '../core/ids.ts';

/** The conversation, live while the component is mounted. */
export function useConversation(client: Client, id: ConversationId): ConversationView {
  const store = useMemo(() => client.conversation(id), [client, id]);
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
}
