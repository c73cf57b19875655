// Which screen an address means: a pure reading of the path.
import { isConversationId, type ConversationId } from 'verbatim/client';

export type Route =
  | { readonly type: 'new' }
  | { readonly type: 'conversation'; readonly id: ConversationId }
  | { readonly type: 'unknown' };

export function parseRoute(path: string): Route {
  if (path === '/') return { type: 'new' };
  const id = /^\/c\/([^/]+)\/?$/.exec(path)?.[1];
  if (id !== undefined && isConversationId(id)) return { type: 'conversation', id };
  return { type: 'unknown' };
}

export function pathOf(id: ConversationId): string {
  return `/c/${id}`;
}
