// What people ask for. Each is one append, so that it happens once and whole, or not at all; those to
// one conversation are done one after the other.
import { StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { StartedAnswers } from './commands/answers.ts';
import { changeConversation, type ConversationChange } from './commands/change.ts';
import { createConversation, type NewConversation } from './commands/create.ts';
import type { CommandDeps, WriteOptions } from './commands/deps.ts';
import { deleteConversation, purgeConversation, removeMessage, restoreConversation } from './commands/removal.ts';
import { regenerate, sendMessage, type NewMessage, type Regeneration } from './commands/send.ts';

/** All may also fail with `shutting-down`. */
export interface Commands {
  /** Errors: `model-not-found`, `invalid-input`, `idempotency-key-reused`. */
  create(request: NewConversation, options?: WriteOptions): Promise<Conversation>;
  /** Errors: those of `create`, `conversation-not-found`, `message-not-found`, `conversation-busy`, `too-many-runs`. */
  send(id: ConversationId, request: NewMessage, options?: WriteOptions): Promise<StartedAnswers>;
  /** Another answer beside one that is there. Errors: those of `send`. */
  regenerate(id: ConversationId, request: Regeneration, options?: WriteOptions): Promise<StartedAnswers>;
  /** Errors: those of `create`, `conversation-not-found`, `message-not-found`. */
  change(id: ConversationId, change: ConversationChange, options?: WriteOptions): Promise<Conversation>;
  /** Stops its runs and takes it out of the list; idempotent. It can be brought back for a time. Errors: `conversation-not-found`. */
  delete(id: ConversationId): Promise<void>;
  /** Brings it back; idempotent. Errors: `conversation-not-found`, also where it was deleted for good. */
  restore(id: ConversationId): Promise<Conversation>;
  /** Deletes it for good where it was deleted before `deletedBeforeMs`. */
  purge(id: ConversationId, deletedBeforeMs: number): Promise<void>;
  /** Takes a message and all below it away, or brings it back; idempotent. Errors: `conversation-not-found`, `message-not-found`. */
  removeMessage(id: ConversationId, message: string): Promise<Conversation>;
  restoreMessage(id: ConversationId, message: string): Promise<Conversation>;
}

export function createCommands(deps: CommandDeps & { readonly closed: AbortSignal }): Commands {
  // Two messages that are sent at one moment follow each other rather than both the same parent.
  const busy = new Map<ConversationId, Promise<unknown>>();

  /** What is taken behind the close would be driven by nobody here. */
  function refuseWhenClosed(): void {
    if (deps.closed.aborted) throw new StreamError('shutting-down', 'The server is shutting down. Send it again.');
  }

  async function inTurn<T>(id: ConversationId, command: () => Promise<T>): Promise<T> {
    refuseWhenClosed();
    const mine = (busy.get(id) ?? Promise.resolve()).then(command);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    busy.set(id, settled);
    void settled.then(() => {
      if (busy.get(id) === settled) busy.delete(id);
    });
    return await mine;
  }

  return {
    async create(request, options) {
      refuseWhenClosed();
      return await createConversation(deps, request, options);
    },
    send: (id, request, options) => inTurn(id, () => sendMessage(deps, { ...request, id }, options)),
    regenerate: (id, request, options) => inTurn(id, () => regenerate(deps, { ...request, id }, options)),
    change: (id, change, options) => inTurn(id, () => changeConversation(deps, { ...change, id }, options)),
    delete: (id) => inTurn(id, () => deleteConversation(deps, id)),
    restore: (id) => inTurn(id, () => restoreConversation(deps, id)),
    purge: (id, deletedBeforeMs) => inTurn(id, () => purgeConversation(deps, id, deletedBeforeMs)),
    removeMessage: (id, message) => inTurn(id, () => removeMessage(deps, { id, message, isRemoved: true })),
    restoreMessage: (id, message) => inTurn(id, () => removeMessage(deps, { id, message, isRemoved: false })),
  };
}
