// The tree of messages: which line of it leads to a message.
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

/** The newest message without an answer below it: where the next message goes. Null in an empty tree. */
export function latestLeaf(messages: readonly Message[]): MessageId | null {
  return messages.at(-1)?.id ?? null;
}
