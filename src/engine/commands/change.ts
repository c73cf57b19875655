// What a conversation says of itself is changed: title, model, system prompt, settings, leaf.
import { StreamError } from '../../core/errors.ts';
import type { ConversationId } from '../../core/ids.ts';
import type { ConversationChanged } from '../../conversation/event.ts';
import type { Conversation } from '../../conversation/reduce.ts';
import type { ModelSettings } from '../../conversation/settings.ts';
import { leafBelow } from '../../conversation/tree.ts';
import type { AppendResult } from '../../log/log.ts';
import { entryOf } from '../entries.ts';
import { readAppended } from './answers.ts';
import { checkSettings, checkSystem, checkTitle, findModel, keyReused, messageIn } from './checks.ts';
import type { CommandDeps, WriteOptions } from './deps.ts';

/** Only what is given changes. */
export interface ConversationChange {
  readonly title?: string | undefined;
  readonly model?: string | undefined;
  readonly system?: string | undefined;
  /** In the place of all settings that there are. */
  readonly settings?: ModelSettings | undefined;
  /** A message: the line through it is looked at, down to the newest message below it. */
  readonly leaf?: string | undefined;
}

export async function changeConversation(
  deps: CommandDeps,
  request: { readonly id: ConversationId } & ConversationChange,
  { key }: WriteOptions = {},
): Promise<Conversation> {
  const { log, conversations } = deps;
  const { id } = request;
  const conversation = await conversations.loadLive(id);
  const appendKey = key === undefined ? undefined : `change:${key}`;
  const known = appendKey === undefined ? null : await log.find(id, appendKey);
  // A repeat is compared with what was written, also where it would be refused by now.
  const result = known ?? (await write(deps, conversation, { request, key: appendKey }));
  const [event] = await readAppended(deps, conversation, result);
  if (event?.type !== 'conversation' || !isSame(request, event)) throw keyReused();
  return await conversations.load(id);
}

async function write(
  deps: CommandDeps,
  conversation: Conversation,
  { request, key }: { request: ConversationChange; key: string | undefined },
): Promise<AppendResult> {
  const event = eventFor(deps, conversation, request);
  // Which line is looked at is no news of the conversation, and does not move it in the list.
  const { type: _name, leaf: _look, ...news } = event;
  const isNews = Object.values(news).some((value) => value !== undefined);
  const index = isNews ? { owner: deps.owner, title: event.title } : undefined;
  return await deps.log.append(conversation.id, [entryOf(event)], { key, index });
}

function eventFor(
  { models }: CommandDeps,
  conversation: Conversation,
  change: ConversationChange,
): ConversationChanged {
  const { title, model, system, settings, leaf } = change;
  const event: ConversationChanged = {
    type: 'conversation',
    title: title === undefined ? undefined : nonEmpty(checkTitle(title)),
    model: model === undefined ? undefined : findModel(models, model).id,
    system: system === undefined ? undefined : checkSystem(system),
    settings: settings === undefined ? undefined : checkSettings(settings),
    leaf: leaf === undefined ? undefined : leafBelow(conversation.messages, messageIn(conversation, leaf).id),
  };
  if (Object.values(event).filter((value) => value !== undefined).length > 1) return event;
  throw new StreamError(
    'invalid-input',
    'Expected something to change, got nothing. Give title, model, system, settings or leaf.',
  );
}

function nonEmpty(title: string): string {
  if (title !== '') return title;
  throw new StreamError('invalid-input', 'Expected a title, got an empty one. Write something in "title".');
}

/** But for the leaf, which depends on what was below it then. */
function isSame({ title, model, system, settings, leaf }: ConversationChange, event: ConversationChanged): boolean {
  return (
    (title === undefined ? undefined : checkTitle(title)) === event.title &&
    model === event.model &&
    (system === undefined ? undefined : checkSystem(system)) === event.system &&
    JSON.stringify(settings) === JSON.stringify(event.settings) &&
    (leaf === undefined) === (event.leaf === undefined)
  );
}
