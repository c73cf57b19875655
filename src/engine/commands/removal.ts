// Conversations and messages are taken away and brought back. Taken away is first a mark in the log,
// so that it can be undone; what is deleted for good, and when, is purge.ts's.
import type { ConversationId } from '../../core/ids.ts';
import type { ConversationEvent } from '../../conversation/event.ts';
import type { Message } from '../../conversation/message.ts';
import type { Conversation } from '../../conversation/reduce.ts';
import { hasEnded } from '../../conversation/run.ts';
import { latestLeaf, leafBelow, pathTo, subtreeOf } from '../../conversation/tree.ts';
import { entryOf } from '../entries.ts';
import { deletedOwner } from '../purge.ts';
import { messageIn } from './checks.ts';
import type { CommandDeps } from './deps.ts';

/** Stops its runs and takes it out of the list. What is deleted already stays so. */
export async function deleteConversation(deps: CommandDeps, id: ConversationId): Promise<void> {
  const { log, conversations, runs, owner, clock } = deps;
  const conversation = await conversations.load(id);
  if (conversation.deletedAtMs !== null) return;
  const live = conversation.runs.filter(({ status }) => !hasEnded(status));
  await Promise.all(live.map((run) => runs.stop(run.id)));
  const event: ConversationEvent = { type: 'conversation', deletedAtMs: clock.now() };
  await log.append(id, [entryOf(event)], { index: { owner: deletedOwner(owner) } });
}

/** Errors: `conversation-not-found`, also where it was deleted for good. */
export async function restoreConversation(deps: CommandDeps, id: ConversationId): Promise<Conversation> {
  const { log, conversations, owner } = deps;
  const conversation = await conversations.load(id);
  if (conversation.deletedAtMs === null) return conversation;
  await log.append(id, [entryOf({ type: 'conversation', deletedAtMs: null })], { index: { owner } });
  return await conversations.load(id);
}

/** Nobody brings it back meanwhile: the commands to one conversation are done one after the other. */
export async function purgeConversation(
  { log, conversations }: CommandDeps,
  id: ConversationId,
  deletedBeforeMs: number,
): Promise<void> {
  const { deletedAtMs } = await conversations.load(id);
  if (deletedAtMs !== null && deletedAtMs < deletedBeforeMs) await log.delete(id);
}

export interface Removal {
  readonly id: ConversationId;
  readonly message: string;
  /** False: it is brought back. */
  readonly isRemoved: boolean;
}

/** Takes the message and all below it out of the tree, or back into it; stops the runs there. */
export async function removeMessage(deps: CommandDeps, { id, message, isRemoved }: Removal): Promise<Conversation> {
  const { log, conversations, runs, owner } = deps;
  const conversation = await conversations.loadLive(id);
  const found = conversation.messages.find((other) => other.id === message) ?? messageIn(conversation, message);
  if ((found.isRemoved === true) === isRemoved) return conversation;
  if (isRemoved) {
    const below = subtreeOf(conversation.messages, found.id);
    const live = conversation.runs.filter((run) => !hasEnded(run.status) && below.has(run.message));
    await Promise.all(live.map((run) => runs.stop(run.id)));
  }
  const events: ConversationEvent[] = [{ type: 'message-removed', message: found.id, isRemoved }];
  const messages = conversation.messages.map((other) => (other === found ? { ...other, isRemoved } : other));
  const leaf = isRemoved ? leafBeside(messages, conversation, found) : leafThrough(messages, conversation, found);
  if (leaf !== conversation.leaf) events.push({ type: 'conversation', leaf });
  await log.append(id, events.map(entryOf), { index: { owner } });
  return await conversations.load(id);
}

/** The leaf when the message is gone: as it was, where it is not below; else the newest beside or above it. */
function leafBeside(messages: readonly Message[], { leaf }: Conversation, removed: Message): Conversation['leaf'] {
  const isOnLine = pathTo(messages, leaf).some((message) => message.id === removed.id);
  if (!isOnLine) return leaf;
  return removed.parent === null ? latestLeaf(messages) : leafBelow(messages, removed.parent);
}

/** The leaf when the message is back: on its line, unless one above it is still away. */
function leafThrough(messages: readonly Message[], { leaf }: Conversation, { id }: Message): Conversation['leaf'] {
  const isShown = pathTo(messages, id).every(({ isRemoved }) => isRemoved !== true);
  return isShown ? leafBelow(messages, id) : leaf;
}
