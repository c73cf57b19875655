// What can happen in a conversation. The payloads of its stream's entries, and the names and
// data of the events on the wire, are these.
import { isRecord } from '../core/json.ts';
import type { MessageId } from '../core/ids.ts';
import type { Message } from './message.ts';
import { runStatuses, type Run } from './run.ts';

/** The conversation itself was created or changed; only what is given changes. */
export interface ConversationChanged {
  readonly type: 'conversation';
  readonly title?: string | undefined;
  readonly model?: string | undefined;
  readonly createdAtMs?: number | undefined;
}

/** A message was added. */
interface MessageAdded {
  readonly type: 'message';
  readonly message: Message;
}

/** Text was added to a part of a message. */
export interface DeltaAdded {
  readonly type: 'delta';
  readonly message: MessageId;
  /** Index of the part. */
  readonly part: number;
  /** Where in the part the text begins, in UTF-16 code units, as `String.length` counts. */
  readonly at: number;
  readonly text: string;
}

/** A run began, or its status changed: the whole run as it is now. */
export interface RunChanged extends Run {
  readonly type: 'run';
}

/** Something that a newer version wrote. It takes its place in the stream and changes nothing. */
interface UnknownEvent {
  readonly type: 'unknown';
}

export type ConversationEvent = ConversationChanged | MessageAdded | DeltaAdded | RunChanged | UnknownEvent;

/** An event and the place that it has in the stream. */
export interface PlacedEvent {
  /** The first offset that the event covers; several where adjacent deltas were merged. */
  readonly from: number;
  /** The last offset that it covers: the reader's cursor after it. */
  readonly offset: number;
  readonly event: ConversationEvent;
}

const unknownEvent: UnknownEvent = { type: 'unknown' };

/** The event that has this name and data on the wire or in the log. */
export function parseEvent(type: string, data: unknown): ConversationEvent {
  if (!isRecord(data)) return unknownEvent;
  switch (type) {
    case 'conversation':
      // Both ends are this package's: the log and the server wrote what is read back here.
      return { ...(data as Omit<ConversationChanged, 'type'>), type };
    case 'message':
      if (typeof data['id'] !== 'string' || !Array.isArray(data['parts'])) return unknownEvent;
      return { type, message: data as unknown as Message }; // As above.
    case 'delta':
      if (!isIndex(data['part']) || !isIndex(data['at']) || typeof data['text'] !== 'string') return unknownEvent;
      return { ...(data as Omit<DeltaAdded, 'type'>), type }; // As above.
    case 'run':
      if (!runStatuses.some((status) => status === data['status'])) return unknownEvent;
      return { ...(data as Omit<RunChanged, 'type'>), type }; // As above.
    default:
      return unknownEvent;
  }
}

function isIndex(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The data that `parseEvent` reads back: the event without its name. */
export function dataOf(event: ConversationEvent): Readonly<Record<string, unknown>> {
  if (event.type === 'message') return { ...event.message };
  const { type: _name, ...data } = event;
  return data;
}
