// What people asked for, and what they were told: the oracle holds the log against it.
import type { ConversationId } from '../../src/core/ids.ts';

/** One write, however often it was sent. */
export interface Asked {
  readonly key: string;
  /** What it does, unique in its world where the log shows it. */
  readonly text: string;
  /** Each answer of the server that said that it is done: what it named. */
  readonly answers: string[];
}

/** A message that was sent, or an answer that was asked for again. */
export interface Asking extends Asked {
  readonly type: 'send' | 'regenerate';
  readonly conversation: ConversationId;
  /** So many answers are asked for. */
  readonly models: number;
}

export interface Stopped {
  readonly conversation: ConversationId;
  readonly run: string;
  /** The offset up to which the answer was to be kept; undefined for all. */
  readonly seen: number | undefined;
  /** Where the log ended when the stop was acknowledged; undefined before. */
  acknowledgedAt: number | undefined;
}

export interface Ledger {
  readonly created: Asked[];
  readonly sent: Asking[];
  /** Titles that were given, each its own. */
  readonly titled: Array<Asked & { readonly conversation: ConversationId }>;
  readonly stopped: Stopped[];
  /** Conversations of which people know. */
  readonly conversations: ConversationId[];
}

export function createLedger(): Ledger {
  return { created: [], sent: [], titled: [], stopped: [], conversations: [] };
}
