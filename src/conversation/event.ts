// What can happen in a conversation. The payloads of its stream's entries, and the names and
// data of the events on the wire, are these.
import { isRecord } from '../core/json.ts';
import type { MessageId, RunId } from '../core/ids.ts';
import type { Message, Part, ReasoningPart } from './message.ts';
import { runStatuses, type Run, type StopRequest } from './run.ts';
import type { ModelSettings } from './settings.ts';

/** The conversation itself was created or changed; only what is given changes. */
export interface ConversationChanged {
  readonly type: 'conversation';
  readonly title?: string | undefined;
  readonly model?: string | undefined;
  /** What every model is told before the first message; "" for nothing. */
  readonly system?: string | undefined;
  readonly settings?: ModelSettings | undefined;
  /** The message to which the line leads that its owner looks at. */
  readonly leaf?: MessageId | null | undefined;
  readonly createdAtMs?: number | undefined;
  /** When it was deleted; null: it was brought back. */
  readonly deletedAtMs?: number | null | undefined;
}

/** A message was added. It becomes the leaf. */
interface MessageAdded {
  readonly type: 'message';
  readonly message: Message;
}

/** A message, and with it all below, was taken away, or was brought back. */
interface MessageRemoved {
  readonly type: 'message-removed';
  readonly message: MessageId;
  readonly isRemoved: boolean;
}

/** A part was added to a message; of one that is there, what is given is replaced. */
export interface PartAdded {
  readonly type: 'part';
  readonly message: MessageId;
  /** Its index: that behind the last, or one that is there. */
  readonly part: number;
  readonly value: Part | Pick<ReasoningPart, 'type' | 'providerData'>;
  /** As of `DeltaAdded`. */
  readonly mark?: string | undefined;
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
  /** Where the provider's own stream can be taken up behind this text. */
  readonly mark?: string | undefined;
}

/** The end of a message was taken back: by a restart, or a stop that cuts behind what a person had seen. */
export interface MessageReset {
  readonly type: 'reset';
  readonly message: MessageId;
  /** How many of the parts stay. */
  readonly parts: number;
  /** What stays of the text of the last of those, in UTF-16 code units. Absent: all. */
  readonly length?: number | undefined;
}

/** A person asked that the run be stopped. Its end follows. */
interface StopRequested extends StopRequest {
  readonly type: 'stop';
  readonly run: RunId;
}

/** A run began, or its status changed: the whole run as it is now. */
export interface RunChanged extends Run {
  readonly type: 'run';
}

/** Something that a newer version wrote. It takes its place in the stream and changes nothing. */
interface UnknownEvent {
  readonly type: 'unknown';
}

export type ConversationEvent =
  | ConversationChanged
  | MessageAdded
  | MessageRemoved
  | PartAdded
  | DeltaAdded
  | MessageReset
  | StopRequested
  | RunChanged
  | UnknownEvent;

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
    case 'message-removed':
      if (typeof data['message'] !== 'string' || typeof data['isRemoved'] !== 'boolean') return unknownEvent;
      return { ...(data as Omit<MessageRemoved, 'type'>), type }; // As above.
    case 'part':
      if (!isIndex(data['part']) || !isRecord(data['value'])) return unknownEvent;
      return { ...(data as Omit<PartAdded, 'type'>), type }; // As above.
    case 'delta':
      if (!isIndex(data['part']) || !isIndex(data['at']) || typeof data['text'] !== 'string') return unknownEvent;
      return { ...(data as Omit<DeltaAdded, 'type'>), type }; // As above.
    case 'reset':
      if (!isIndex(data['parts']) || typeof data['message'] !== 'string') return unknownEvent;
      return { ...(data as Omit<MessageReset, 'type'>), type }; // As above.
    case 'stop':
      if (typeof data['run'] !== 'string') return unknownEvent;
      return { ...(data as Omit<StopRequested, 'type'>), type }; // As above.
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
