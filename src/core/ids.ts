// Names of things: minted here, parsed here, branded so that one kind cannot stand for another.
import type { Random } from './random.ts';

/** Names a conversation: `c_` and 20 characters. Also the name of its stream. */
export type ConversationId = string & { readonly __id: 'conversation' };
/** Names a message within its conversation: `m_` and 20 characters. */
export type MessageId = string & { readonly __id: 'message' };
/** Names a run: `r_`, the 20 characters of its conversation, `_` and 12 of its own. */
export type RunId = string & { readonly __id: 'run' };

const conversationPattern = /^c_[0-9a-z]{20}$/;
const messagePattern = /^m_[0-9a-z]{20}$/;
const runPattern = /^r_([0-9a-z]{20})_[0-9a-z]{12}$/;

export function mintConversationId(random: Random): ConversationId {
  return `c_${random.id()}` as ConversationId; // The one place that mints them.
}

export function mintMessageId(random: Random): MessageId {
  return `m_${random.id()}` as MessageId; // The one place that mints them.
}

/** A run's id carries its conversation's, so that a stop needs no index to find the stream. */
export function mintRunId(random: Random, conversation: ConversationId): RunId {
  return `r_${conversation.slice(2)}_${random.id(12)}` as RunId; // The one place that mints them.
}

export function isConversationId(text: string): text is ConversationId {
  return conversationPattern.test(text);
}

export function isMessageId(text: string): text is MessageId {
  return messagePattern.test(text);
}

export function isRunId(text: string): text is RunId {
  return runPattern.test(text);
}

/** The conversation that a run belongs to. */
export function conversationOfRun(run: RunId): ConversationId {
  return `c_${run.slice(2, 22)}` as ConversationId; // Checked by `runPattern` when the id was parsed.
}
