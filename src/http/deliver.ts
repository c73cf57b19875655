// A conversation's events as they go over the wire: a snapshot where the reader has no usable
// cursor, then everything behind it. A reader is an offset here and nothing more.
import { isStreamError } from '../core/errors.ts';
import type { ConversationId, RunId } from '../core/ids.ts';
import type { ConversationEvent } from '../conversation/event.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { hasEnded } from '../conversation/run.ts';
import type { Engine } from '../engine/engine.ts';
import type { Cursor } from '../log/cursor.ts';
import type { SseEvent } from '../sse/event.ts';
import { changeEvent, type Frame, type Frames } from './frames.ts';

export interface DeliverDeps {
  readonly engine: Engine;
  readonly frames: Frames;
}

/**
 * The conversation, as it was loaded for this reader, from the cursor on, without end; from a snapshot
 * where the cursor is none, not this store's, or not kept any more, be it in the middle of the stream.
 */
export async function* deliverConversation(
  { engine, frames }: DeliverDeps,
  reader: { readonly conversation: Conversation; readonly cursor: Cursor | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Frame, void> {
  const { cursor, signal } = reader;
  let state = reader.conversation;
  const isUsable =
    cursor !== undefined && (cursor.epoch ?? engine.epoch) === engine.epoch && cursor.offset <= state.offset;
  let after = isUsable ? cursor.offset : undefined;
  while (true) {
    if (after === undefined) {
      after = state.offset;
      yield frames.snapshot(state);
    }
    try {
      for await (const step of engine.follow(state.id, { after, signal })) {
        after = step.at(-1)?.offset ?? after;
        yield frames.step(step);
      }
      return;
    } catch (error) {
      if (!isStreamError(error, 'offset-expired')) throw error;
      state = await engine.load(state.id);
      after = undefined;
    }
  }
}

/** What concerns one message and its answer, from `after` to the end of the answer's run. */
export async function* deliverAnswer(
  { engine }: DeliverDeps,
  answer: {
    readonly id: ConversationId;
    readonly after: number;
    readonly messages: readonly string[];
    readonly run: RunId;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<SseEvent, void> {
  const { id, messages, run, signal } = answer;
  let after: number | undefined = answer.after;
  while (after !== undefined) {
    let sent: number = after;
    try {
      for await (const step of engine.follow(id, { after, signal })) {
        for (const { offset, event } of step) {
          if (event.type !== 'conversation' && !messages.some((message) => message === messageOfEvent(event))) continue;
          yield changeEvent(engine.epoch, { from: sent + 1, offset, event });
          sent = offset;
          if (event.type === 'run' && event.id === run && hasEnded(event.status)) return;
        }
      }
      return;
    } catch (error) {
      after = beginningOf(error);
      if (after === undefined) throw error;
    }
  }
}

/**
 * Where what has become one entry begins that the reader's offset lies within. From there the whole
 * is sent: it says where its text begins, so that the reader knows what it has.
 */
function beginningOf(error: unknown): number | undefined {
  if (!isStreamError(error, 'offset-expired')) return undefined;
  const { from } = error.details;
  return typeof from === 'number' ? from - 1 : undefined;
}

function messageOfEvent(event: ConversationEvent): string | undefined {
  if (event.type === 'message') return event.message.id;
  return event.type === 'delta' || event.type === 'run' ? event.message : undefined;
}
