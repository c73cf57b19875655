// Events to state. The one reducer: the server's snapshots and every screen come from it, so
// they cannot disagree. Pure and total; applying an event twice changes nothing.
import { unreachable } from '../core/assert.ts';
import { StreamError } from '../core/errors.ts';
import type { ConversationId, MessageId, RunId } from '../core/ids.ts';
import type { ConversationChanged, DeltaAdded, MessageReset, PartAdded, PlacedEvent, RunChanged } from './event.ts';
import { isGrowing, type Message, type Part } from './message.ts';
import { hasEnded, type Run } from './run.ts';
import type { ModelSettings } from './settings.ts';

/** A conversation as of one offset of its stream. */
export interface Conversation {
  readonly id: ConversationId;
  readonly title: string;
  /** The model that answers where a message asks for none. */
  readonly model: string;
  /** What every model is told before the first message; "" for nothing. */
  readonly system: string;
  readonly settings: ModelSettings;
  /** The message to which the line leads that its owner looks at; null where there is none. */
  readonly leaf: MessageId | null;
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly createdAtMs: number;
  /** When it was deleted; null where it was not. */
  readonly deletedAtMs: number | null;
  /** The last offset that the state holds; 0 before the first. */
  readonly offset: number;
  /** In the order in which they were added. */
  readonly messages: readonly Message[];
  /** In the order in which they were queued. */
  readonly runs: readonly Run[];
}

export function emptyConversation(id: ConversationId): Conversation {
  return {
    id,
    title: '',
    model: '',
    system: '',
    settings: {},
    leaf: null,
    createdAtMs: 0,
    deletedAtMs: null,
    offset: 0,
    messages: [],
    runs: [],
  };
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
      return applyChange(next, event);
    case 'message':
      if (state.messages.some((message) => message.id === event.message.id)) return next;
      return { ...next, leaf: event.message.id, messages: [...state.messages, event.message] };
    case 'message-removed':
      return changeMessage(next, event.message, (message) => ({ ...message, isRemoved: event.isRemoved }));
    case 'part':
      return changeMessage(next, event.message, (message) => addPart(message, event));
    case 'delta':
      return changeMessage(next, event.message, (message) => addText(message, event));
    case 'reset':
      return changeMessage(next, event.message, (message) => takeBack(message, event));
    case 'stop':
      return changeRun(next, event.run, (run) => (hasEnded(run.status) ? run : { ...run, stop: { seen: event.seen } }));
    case 'run':
      return applyRun(next, event);
    case 'unknown':
      return next;
    default:
      return unreachable(event);
  }
}

function applyChange(state: Conversation, event: ConversationChanged): Conversation {
  return {
    ...state,
    title: event.title ?? state.title,
    model: event.model ?? state.model,
    system: event.system ?? state.system,
    settings: event.settings ?? state.settings,
    leaf: event.leaf === undefined ? state.leaf : event.leaf,
    createdAtMs: event.createdAtMs ?? state.createdAtMs,
    deletedAtMs: event.deletedAtMs === undefined ? state.deletedAtMs : event.deletedAtMs,
  };
}

function applyRun(state: Conversation, event: RunChanged): Conversation {
  const { type: _name, ...run } = event;
  const known = state.runs.find((other) => other.id === run.id);
  const stop = hasEnded(run.status) ? undefined : (run.stop ?? known?.stop);
  const { stop: _given, ...rest } = run;
  const current: Run = stop === undefined ? rest : { ...rest, stop };
  return changeMessage(
    {
      ...state,
      runs: known === undefined ? [...state.runs, current] : state.runs.with(state.runs.indexOf(known), current),
    },
    run.message,
    (message) => ({ ...message, status: run.status }),
  );
}

function addPart(message: Message, { part: index, value }: PartAdded): Message {
  const known = message.parts[index];
  if (index > message.parts.length) throw gap(`Expected part ${message.parts.length} of ${message.id}, got ${index}`);
  // What changes a part that is there comes with its type alone, and a new one is whole.
  const part = (known?.type === value.type ? { ...known, ...value } : value) as Part;
  return { ...message, parts: known === undefined ? [...message.parts, part] : message.parts.with(index, part) };
}

function addText(message: Message, { part: index, at, text }: DeltaAdded): Message {
  const part = message.parts[index];
  if (part === undefined) throw gap(`Expected part ${index} of ${message.id} to exist before its text`);
  // A newer version may have other kinds of part, which are kept as they are.
  if (!isGrowing(part)) return message;
  if (at > part.text.length) {
    throw gap(`Expected text of ${message.id} at ${part.text.length}, got text at ${at}`);
  }
  // Text that is there already is not added again: only what goes beyond the end is new.
  const grown: Part = { ...part, text: part.text + text.slice(part.text.length - at) };
  return { ...message, parts: message.parts.with(index, grown) };
}

function takeBack(message: Message, { parts: count, length }: MessageReset): Message {
  const parts = message.parts.slice(0, count);
  const last = parts.at(-1);
  if (length === undefined || last === undefined || !isGrowing(last)) return { ...message, parts };
  if (length >= last.text.length) return { ...message, parts };
  // What a provider signed was the whole.
  const { providerData: _ofAll, ...rest } = { providerData: undefined, ...last };
  return { ...message, parts: parts.with(parts.length - 1, { ...rest, text: last.text.slice(0, length) }) };
}

/** The state with one message changed. Searched from the end, where a growing answer usually is. */
function changeMessage(state: Conversation, id: string, change: (message: Message) => Message): Conversation {
  const index = state.messages.findLastIndex((message) => message.id === id);
  const message = state.messages[index];
  if (message === undefined) throw gap(`Expected message ${id} before what happens to it`);
  return { ...state, messages: state.messages.with(index, change(message)) };
}

function changeRun(state: Conversation, id: RunId, change: (run: Run) => Run): Conversation {
  const index = state.runs.findLastIndex((run) => run.id === id);
  const run = state.runs[index];
  if (run === undefined) throw gap(`Expected run ${id} before what happens to it`);
  return { ...state, runs: state.runs.with(index, change(run)) };
}

function gap(message: string): StreamError {
  return new StreamError('event-gap', `${message}. Ask for a snapshot and go on from there.`);
}
