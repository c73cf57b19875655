// A conversation's events as they go over the wire: a snapshot where the reader has no usable
// cursor, then everything behind it. A reader is an offset here and nothing more.
import type { ConversationId, RunId } from '../core/ids.ts';
import { dataOf, type ConversationEvent, type PlacedEvent } from '../conversation/event.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { hasEnded } from '../conversation/run.ts';
import type { Engine } from '../engine/engine.ts';
import { formatCursor, type Cursor } from '../log/cursor.ts';
import type { SseEvent } from '../sse/event.ts';

/** The conversation, as it was loaded for this reader, from the cursor on, without end; from a snapshot where the cursor is none or not this store's. */
export async function* deliverConversation(
  engine: Engine,
  reader: { readonly conversation: Conversation; readonly cursor: Cursor | undefined; readonly signal: AbortSignal },
): AsyncGenerator<SseEvent, void> {
  const { conversation, cursor, signal } = reader;
  const sameStore = cursor !== undefined && (cursor.epoch ?? engine.epoch) === engine.epoch;
  let after: number;
  if (sameStore && cursor.offset <= conversation.offset) {
    after = cursor.offset;
  } else {
    after = conversation.offset;
    yield wireEvent(engine.epoch, after, 'snapshot', { ...conversation });
  }
  for await (const batch of engine.follow(conversation.id, { after, signal })) {
    for (const placed of batch) {
      if (placed.event.type === 'unknown') continue;
      yield changeEvent(engine.epoch, after, placed);
      after = placed.offset;
    }
  }
}

/** What concerns one message and its answer, from `after` to the end of the answer's run. */
export async function* deliverAnswer(
  engine: Engine,
  answer: {
    readonly id: ConversationId;
    readonly after: number;
    readonly messages: readonly string[];
    readonly run: RunId;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<SseEvent, void> {
  let { after } = answer;
  for await (const batch of engine.follow(answer.id, { after, signal: answer.signal })) {
    for (const placed of batch) {
      const { event } = placed;
      if (event.type !== 'conversation' && !answer.messages.some((message) => message === messageOfEvent(event)))
        continue;
      yield changeEvent(engine.epoch, after, placed);
      after = placed.offset;
      if (event.type === 'run' && event.id === answer.run && hasEnded(event.status)) return;
    }
  }
}

function messageOfEvent(event: ConversationEvent): string | undefined {
  if (event.type === 'message') return event.message.id;
  return event.type === 'delta' || event.type === 'run' ? event.message : undefined;
}

/** The event with all the offsets since `after`, those that were merged or left out included. */
function changeEvent(epoch: string, after: number, { offset, event }: PlacedEvent): SseEvent {
  const from = after + 1;
  return wireEvent(epoch, offset, event.type, from === offset ? dataOf(event) : { ...dataOf(event), from });
}

function wireEvent(epoch: string, offset: number, event: string, data: Readonly<Record<string, unknown>>): SseEvent {
  return { id: formatCursor({ epoch, offset }), event, data: JSON.stringify(data) };
}
