// Events to state. The one reducer: the server's snapshots and every screen come from it, so
// they cannot disagree. Pure and total; applying an event twice changes nothing.
import { unreachable } from '../core/assert.ts';
import { StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import type { DeltaAdded, PlacedEvent, RunChanged } from './event.ts';
import type { Message, Part } from './message.ts';
import type { Run } from './run.ts';

/** A conversation as of one offset of its stream. */
export interface Conversation {
  readonly id: ConversationId;
  readonly title: string;
  /** The model that answers where a message asks for none. */
  readonly model: string;
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly createdAtMs: number;
  /** The last offset that the state holds; 0 before the first. */
  readonly offset: number;
  /** In the order in which they were added. */
  readonly messages: readonly Message[];
  /** In the order in which they were queued. */
  readonly runs: readonly Run[];
}

export function emptyConversation(id: ConversationId): Conversation {
  return { id, title: '', model: '', createdAtMs: 0, offset: 0, messages: [], runs: [] };
}

/**
 * The state after the event. An event that the state holds already gives the same state back.
 * Errors: `event-gap` where events or text before this one are missing; the reader then asks for
 * a snapshot, and nothing wrong is ever shown.
 */
export function reduce(state: Conversation, { from, offset, event }: PlacedEvent): Conversation {
  if (offset <= state.offset) return state;
  if (from > state.offset + 1) {
    throw gap(`Expected offset ${state.offset + 1} of ${state.id} next, got ${from}`);
  }
  const next = { ...state, offset };
  switch (event.type) {
    case 'conversation':
      return {
        ...next,
        title: event.title ?? state.title,
        model: event.model ?? state.model,
        createdAtMs: event.createdAtMs ?? state.createdAtMs,
      };
    case 'message':
      if (state.messages.some((message) => message.id === event.message.id)) return next;
      return { ...next, messages: [...state.messages, event.message] };
    case 'delta':
      return { ...next, messages: replaceLast(state.messages, event.message, (message) => addText(message, event)) };
    case 'run':
      return applyRun(next, event);
    case 'unknown':
      return next;
    default:
      return unreachable(event);
  }
}

function applyRun(state: Conversation, event: RunChanged): Conversation {
  const { type: _name, ...run } = event;
  const known = state.runs.some((other) => other.id === run.id);
  return {
    ...state,
    runs: known ? state.runs.map((other) => (other.id === run.id ? run : other)) : [...state.runs, run],
    messages: replaceLast(state.messages, run.message, (message) => ({ ...message, status: run.status })),
  };
}

function addText(message: Message, { part: index, at, text }: DeltaAdded): Message {
  const part = message.parts[index];
  if (part === undefined) throw gap(`Expected part ${index} of ${message.id} to exist before its text`);
  // A newer version may have other kinds of part, which are kept as they are.
  if (part.type !== 'text') return message;
  if (at > part.text.length) {
    throw gap(`Expected text of ${message.id} at ${part.text.length}, got text at ${at}`);
  }
  // Text that is there already is not added again: only what goes beyond the end is new.
  const grown: Part = { ...part, text: part.text + text.slice(part.text.length - at) };
  return { ...message, parts: message.parts.with(index, grown) };
}

/** The messages with one changed. Searched from the end, where a growing answer usually is. */
function replaceLast(
  messages: readonly Message[],
  id: string,
  change: (message: Message) => Message,
): readonly Message[] {
  const index = messages.findLastIndex((message) => message.id === id);
  const message = messages[index];
  if (message === undefined) throw gap(`Expected message ${id} before what happens to it`);
  return messages.with(index, change(message));
}

function gap(message: string): StreamError {
  return new StreamError('event-gap', `${message}. Ask for a snapshot and go on from there.`);
}
