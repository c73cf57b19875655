// A node of the conversation's tree, and the typed blocks that it is made of.
import type { MessageId } from '../core/ids.ts';
import type { RunStatus } from './run.ts';

/** Text in Markdown. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** What a model thought before it answered: never the answer. */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  /** What the provider wants to be given back with it, such as a signature; opaque. */
  readonly providerData?: unknown;
}

/** A tool that the model calls. */
export interface ToolCallPart {
  readonly type: 'tool-call';
  /** The provider's name for the call, unique in its message. */
  readonly id: string;
  readonly name: string;
  /** The arguments, as JSON text; incomplete while they stream. */
  readonly text: string;
  /** Whether the provider runs the tool itself, and not this server. */
  readonly isRunByProvider?: boolean | undefined;
  /** As of `ReasoningPart`. */
  readonly providerData?: unknown;
}

/** What a tool gave back. */
export interface ToolResultPart {
  readonly type: 'tool-result';
  /** The `id` of the call. */
  readonly call: string;
  /** Any JSON value; of a call that failed, what went wrong. */
  readonly output: unknown;
  readonly isError?: boolean | undefined;
}

/** Something that the answer rests on. */
export interface SourcePart {
  readonly type: 'source';
  readonly url: string;
  readonly title?: string | undefined;
}

/** A file or an image: its content, or where it is. One of `data` and `url` is there. */
export interface FilePart {
  readonly type: 'file';
  /** Such as `image/png`. */
  readonly mediaType: string;
  readonly name?: string | undefined;
  /** The content, in base64. */
  readonly data?: string | undefined;
  readonly url?: string | undefined;
}

/** A value for the program that shows the conversation, such as a chart's. */
export interface DataPart {
  readonly type: 'data';
  readonly name: string;
  /** Any JSON value. */
  readonly value: unknown;
}

/** Something that went wrong in the middle and did not end the answer. */
export interface ErrorPart {
  readonly type: 'error';
  /** Stable name, in kebab case. */
  readonly code: string;
  readonly message: string;
}

/** More kinds may come; readers keep and skip those that they do not know. */
export type Part =
  | TextPart
  | ReasoningPart
  | ToolCallPart
  | ToolResultPart
  | SourcePart
  | FilePart
  | DataPart
  | ErrorPart;

/** A part whose text grows by deltas. */
export type GrowingPart = TextPart | ReasoningPart | ToolCallPart;

export interface Message {
  readonly id: MessageId;
  /** The message that this one follows; null for the first. Several with one parent are siblings. */
  readonly parent: MessageId | null;
  readonly role: 'user' | 'assistant';
  /** Of an answer: the status of the run that writes it. Of a person's message: `done`. */
  readonly status: RunStatus;
  readonly parts: readonly Part[];
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly createdAtMs: number;
  /** Of an answer: the model that writes it. */
  readonly model?: string | undefined;
  /** Whether a person took it away, with all below it. It can be brought back. */
  readonly isRemoved?: boolean | undefined;
}

export function isGrowing(part: { readonly type: string; readonly text?: unknown }): part is GrowingPart {
  return (
    (part.type === 'text' || part.type === 'reasoning' || part.type === 'tool-call') && typeof part.text === 'string'
  );
}

/** The text that a message says: of an answer neither its reasoning nor its tools'. */
export function textOf(message: { readonly parts: readonly Part[] }): string {
  return message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
