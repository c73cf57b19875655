// A node of the conversation's tree.
import type { MessageId } from '../core/ids.ts';
import type { RunStatus } from './run.ts';

/** Text in Markdown. More kinds of part will come; readers skip those that they do not know. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

export type Part = TextPart;

export interface Message {
  readonly id: MessageId;
  /** The message that this one follows; null for the first. */
  readonly parent: MessageId | null;
  readonly role: 'user' | 'assistant';
  /** Of an answer: the status of the run that writes it. Of a person's message: `done`. */
  readonly status: RunStatus;
  readonly parts: readonly Part[];
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly createdAtMs: number;
  /** Of an answer: the model that writes it. */
  readonly model?: string | undefined;
}

/** All text of a message. */
export function textOf(message: Message): string {
  return message.parts.map((part) => part.text).join('');
}
