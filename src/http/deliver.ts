// A conversation's events as they go over the wire: a snapshot where the reader has no usable
// cursor, then everything behind it. A reader is an offset here and nothing more.
import { isStreamError } from '../core/errors.ts';
import type { ConversationId, RunId } from '../core/ids.ts';
import type { ConversationEvent } from '../conversation/event.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { hasEnded } from '../conversation/run.ts';
import type { Engine } from '../engine/engine.ts';
import type { Cursor } from '../log/cursor.ts';
import { encodeBytes } from '../sse/encode.ts';
import type { SseEvent } from '../sse/event.ts';
import type { WriterOptions } from '../sse/writer.ts';
import { changeEvent, type Frame, type Frames } from './frames.ts';

export interface DeliverDeps {
  readonly engine: Engine;
  readonly frames: Frames;
  /** How the streams are written. */
  readonly stream?: WriterOptions | undefined;
}

/**
 * The last event of a stream that the server ends because it goes: it says to come back at once. Without
 * an id, so that the reader's cursor stays.
 */
const bye: SseEvent = { event: 'bye', data: '{}' };
const byeFrame = encodeBytes(bye);

/**
 * The conversation, as it was loaded for this reader, from the cursor on, until the engine closes; from a
 * snapshot where the cursor is none, not this store's, or not kept any more, be it in the middle.
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
      if (!signal.aborted) yield byeFrame;
      return;
    } catch (error) {
      if (!isStreamError(error, 'offset-expired')) throw error;
      state = await engine.load(state.id);
      after = undefined;
    }
  }
}

/** What concerns one message and its answers, from `after` to the end of the last of their runs. */
export async function* deliverAnswer(
  { engine }: DeliverDeps,
  answer: {
    readonly id: ConversationId;
    readonly after: number;
    readonly messages: readonly string[];
    readonly runs: readonly RunId[];
    readonly signal: AbortSignal;
  },
): AsyncGenerator<SseEvent, void> {
  const { id, messages, runs, signal } = answer;
  const live = new Set(runs);
  let after: number | undefined = answer.after;
  while (after !== undefined) {
    let sent: number = after;
    try {
      for await (const step of engine.follow(id, { after, signal })) {
        for (const { offset, event } of step) {
          if (!concerns(event, { messages, runs })) continue;
          yield changeEvent(engine.epoch, { from: sent + 1, offset, event });
          sent = offset;
          if (event.type !== 'run' || !hasEnded(event.status)) continue;
          live.delete(event.id);
          if (live.size === 0) return;
        }
      }
      if (!signal.aborted) yield bye;
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

function concerns(event: ConversationEvent, answer: { messages: readonly string[]; runs: readonly string[] }): boolean {
  switch (event.type) {
    case 'conversation':
      return true;
    case 'message':
      return answer.messages.includes(event.message.id);
    case 'stop':
      return answer.runs.includes(event.run);
    case 'unknown':
      return false;
    default:
      return answer.messages.includes(event.message);
  }
}
