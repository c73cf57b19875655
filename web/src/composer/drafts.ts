// What is written but not sent, kept for the tab: a refresh loses no word, and a message whose
// sending was cut is sent again under the same key.
import { isConversationId, type ConversationId } from 'verbatim/client';

/** A message on its way. */
export interface Pending {
  /** Names the message, so that sending it twice adds it once. */
  readonly key: string;
  readonly text: string;
  readonly model: string | undefined;
  /** Of a new chat: the conversation that was made for it. */
  readonly conversation: ConversationId | undefined;
}

export interface Draft {
  readonly text: string;
  /** The last message that was not known to have arrived. */
  readonly pending: Pending | undefined;
}

export const emptyDraft: Draft = { text: '', pending: undefined };

const drafts = new Map<string, Draft>();
const listeners = new Set<() => void>();

/** The draft of a conversation, or of a new chat. The same object until it changes. */
export function readDraft(name: string): Draft {
  const draft = drafts.get(name) ?? parseDraft(stored(name));
  drafts.set(name, draft);
  return draft;
}

export function writeDraft(name: string, change: Partial<Draft>): void {
  const draft = { ...readDraft(name), ...change };
  drafts.set(name, draft);
  try {
    if (draft.text === '' && draft.pending === undefined) sessionStorage.removeItem(keyOf(name));
    else sessionStorage.setItem(keyOf(name), JSON.stringify(draft));
  } catch {
    // Storage may be full or forbidden; the draft then lives as long as the page.
  }
  for (const listener of listeners) listener();
}

export function subscribeToDrafts(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function keyOf(name: string): string {
  return `verbatim.draft.${name}`;
}

function stored(name: string): unknown {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(name)) ?? 'null');
  } catch {
    return null;
  }
}

function parseDraft(value: unknown): Draft {
  if (typeof value !== 'object' || value === null || !('text' in value) || typeof value.text !== 'string') {
    return emptyDraft;
  }
  return { text: value.text, pending: 'pending' in value ? parsePending(value.pending) : undefined };
}

function parsePending(value: unknown): Pending | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('key' in value) || typeof value.key !== 'string') return undefined;
  if (!('text' in value) || typeof value.text !== 'string') return undefined;
  const model = 'model' in value && typeof value.model === 'string' ? value.model : undefined;
  const named = 'conversation' in value ? value.conversation : undefined;
  const conversation = typeof named === 'string' && isConversationId(named) ? named : undefined;
  return { key: value.key, text: value.text, model, conversation };
}
