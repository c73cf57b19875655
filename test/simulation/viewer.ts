// One screen: the client's own store of one conversation, and all that it ever showed.
import type { ConversationStore, ConversationView } from 'verbatim/client';
import type { ConversationId } from '../../src/core/ids.ts';
import type { Message } from '../../src/conversation/message.ts';
import type { Conversation } from '../../src/conversation/reduce.ts';
import type { Trace } from './trace.ts';

export interface Viewer {
  readonly name: string;
  readonly conversation: ConversationId;
  readonly isOpen: boolean;
  /** Whether it was told that the conversation is gone: then it shows no more. */
  readonly isOver: boolean;
  open(): void;
  close(): void;
  view(): ConversationView;
  /** Each state that it showed. */
  readonly sightings: readonly Conversation[];
  /** Where text that it showed was gone in what it showed next. */
  readonly losses: readonly Loss[];
}

interface Loss {
  readonly message: string;
  /** The offsets of what was shown before and after. */
  readonly from: number;
  readonly through: number;
}

export interface ViewerDeps {
  readonly trace: Trace;
  /** The last offset of the conversation that is durable now. */
  readonly head: (id: ConversationId) => number;
  /** Whether conversations are deleted in this world. */
  readonly mayVanish: boolean;
}

export function createViewer(
  name: string,
  { id, store }: { id: ConversationId; store: ConversationStore },
  { trace, head, mayVanish }: ViewerDeps,
): Viewer {
  const sightings: Conversation[] = [];
  const losses: Loss[] = [];
  let leave: (() => void) | undefined;
  let isOver = false;

  function look(): void {
    const { conversation, phase, error } = store.getSnapshot();
    // A store that begins anew behind a gap says `ended` in between, without an error.
    if (phase === 'ended' && error !== undefined) {
      isOver = true;
      trace.note(`${name} has ended: ${error.code}`);
      // Where the answer broke off, its status is all that is known.
      const isGone = error.code === 'conversation-not-found' || error.details['status'] === 404;
      if (!isGone || !mayVanish) trace.blame(`${name} has ended: ${error.message}`);
    }
    const before = sightings.at(-1);
    if (conversation === undefined || conversation === before) return;
    trace.note(`${name} shows ${conversation.offset}`);
    if (conversation.offset > head(id)) {
      trace.blame(`${name} shows offset ${conversation.offset} of ${id}, of which ${head(id)} are durable`);
    }
    if (before !== undefined) compare(before, conversation);
    sightings.push(conversation);
  }

  function compare(before: Conversation, after: Conversation): void {
    if (after.offset < before.offset) trace.blame(`${name} went back from ${before.offset} to ${after.offset}`);
    for (const message of before.messages) {
      const now = after.messages.find((candidate) => candidate.id === message.id);
      if (now === message || (now !== undefined && textIn(now).startsWith(textIn(message)))) continue;
      losses.push({ message: message.id, from: before.offset, through: after.offset });
    }
  }

  return {
    name,
    conversation: id,
    sightings,
    losses,
    get isOpen() {
      return leave !== undefined && !isOver;
    },
    get isOver() {
      return isOver;
    },
    open() {
      leave ??= store.subscribe(look);
    },
    close() {
      leave?.();
      leave = undefined;
    },
    view: () => store.getSnapshot(),
  };
}

/** All text of all parts that have one. */
function textIn({ parts }: Message): string {
  return parts.map((part) => ('text' in part ? part.text : '')).join('');
}
