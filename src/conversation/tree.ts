// The tree of messages: which line of it leads to a message, and what stands beside that.
import type { MessageId } from '../core/ids.ts';
import type { Message } from './message.ts';

/** The messages from the root to `leaf`, both included. Empty where `leaf` is null or unknown. */
export function pathTo(messages: readonly Message[], leaf: MessageId | null): Message[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const path: Message[] = [];
  let next = leaf === null ? undefined : byId.get(leaf);
  while (next !== undefined) {
    path.push(next);
    // Taken out, so that a parent that points back cannot make this endless.
    byId.delete(next.id);
    next = next.parent === null ? undefined : byId.get(next.parent);
  }
  return path.toReversed();
}

/** The messages that follow `parent` and were not removed, in the order in which they were added. */
export function childrenOf(messages: readonly Message[], parent: MessageId | null): Message[] {
  return messages.filter((message) => message.parent === parent && message.isRemoved !== true);
}

/** The message and all below it that was not removed, in the order in which they were added. */
export function subtreeOf(messages: readonly Message[], id: MessageId): ReadonlySet<MessageId> {
  const reached = new Set<MessageId>([id]);
  // A message stands behind its parent, so one pass reaches all that is below.
  for (const { id: next, parent, isRemoved } of messages) {
    if (isRemoved !== true && parent !== null && reached.has(parent)) reached.add(next);
  }
  return reached;
}

/** The newest message at the end of a line through `id`: itself where nothing is below it. */
export function leafBelow(messages: readonly Message[], id: MessageId): MessageId {
  return [...subtreeOf(messages, id)].at(-1) ?? id;
}

/** The newest message that is in no removed part of the tree; null in an empty one. */
export function latestLeaf(messages: readonly Message[]): MessageId | null {
  const hidden = new Set<MessageId>();
  let newest: MessageId | null = null;
  for (const { id, parent, isRemoved } of messages) {
    if (isRemoved === true || (parent !== null && hidden.has(parent))) hidden.add(id);
    else newest = id;
  }
  return newest;
}
