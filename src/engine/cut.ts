// Where an answer is cut that was stopped by somebody who had seen only so much of it.
import type { MessageReset } from '../conversation/event.ts';
import { merge } from '../conversation/merge.ts';
import { isGrowing, type Part } from '../conversation/message.ts';
import { emptyConversation, reduce, type Conversation } from '../conversation/reduce.ts';
import type { ConversationId, MessageId } from '../core/ids.ts';
import type { Log } from '../log/log.ts';
import { placedEventOf } from './entries.ts';

export interface Cut {
  readonly conversation: ConversationId;
  readonly message: MessageId;
  /** What the message is now. */
  readonly parts: readonly Part[];
  /** The offset up to which it stays. */
  readonly seen: number;
}

/** What takes back all that came to the message behind the offset; undefined where nothing did. */
export async function cutBehind(
  log: Log,
  { conversation, message, parts, seen }: Cut,
): Promise<MessageReset | undefined> {
  let state = emptyConversation(conversation);
  while (state.offset < seen) {
    const entries = await log.read(conversation, { after: state.offset });
    const before = entries.filter(({ offset }) => offset <= seen);
    for (const placed of merge(before.map(placedEventOf))) state = reduce(state, placed);
    // Where what was seen ends within what has become one entry, or behind the end, this is all.
    if (before.length === 0 || before.length < entries.length) break;
  }
  const kept = await stillThere(log, state, message);
  const length = lengthOfLast(kept);
  if (kept.length === parts.length && length === lengthOfLast(parts)) return undefined;
  return { type: 'reset', message, parts: kept.length, ...(length === undefined ? {} : { length }) };
}

function lengthOfLast(parts: readonly Part[]): number | undefined {
  const last = parts.at(-1);
  return last !== undefined && isGrowing(last) ? last.text.length : undefined;
}

/** What the message was then, less what a restart has taken back since: what stands there now is other text. */
async function stillThere(log: Log, state: Conversation, message: MessageId): Promise<readonly Part[]> {
  let kept = state;
  for (let after = state.offset; ;) {
    const entries = await log.read(state.id, { after });
    const last = entries.at(-1);
    if (last === undefined) return kept.messages.findLast(({ id }) => id === message)?.parts ?? [];
    after = last.offset;
    for (const { event } of entries.map(placedEventOf)) {
      if (event.type === 'reset' && event.message === message && kept.messages.some(({ id }) => id === message))
        kept = reduce(kept, { from: kept.offset + 1, offset: kept.offset + 1, event });
    }
  }
}
