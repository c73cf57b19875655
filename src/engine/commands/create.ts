// A new conversation: one append, so that it is there once and whole, or not at all.
import { assert } from '../../core/assert.ts';
import { isStreamError } from '../../core/errors.ts';
import { mintConversationId, type ConversationId } from '../../core/ids.ts';
import type { ConversationChanged } from '../../conversation/event.ts';
import type { Conversation } from '../../conversation/reduce.ts';
import type { ModelSettings } from '../../conversation/settings.ts';
import { entryOf } from '../entries.ts';
import { checkSettings, checkSystem, checkTitle, findModel, keyReused } from './checks.ts';
import type { CommandDeps, WriteOptions } from './deps.ts';

export interface NewConversation {
  readonly title?: string | undefined;
  /** Default: the server's. */
  readonly model?: string | undefined;
  /** What every model is told before the first message. */
  readonly system?: string | undefined;
  readonly settings?: ModelSettings | undefined;
}

interface Intent {
  readonly id: ConversationId;
  readonly event: ConversationChanged;
}

export async function createConversation(
  deps: CommandDeps,
  request: NewConversation,
  { key }: WriteOptions = {},
): Promise<Conversation> {
  const { log, random } = deps;
  if (key === undefined)
    return await writeCreated(deps, { id: mintConversationId(random), event: eventFor(deps, request) });
  const keysStream = `keys:${deps.owner}`;
  // A repeat is answered from what was written, also where today's models or default are others.
  if ((await log.find(keysStream, key)) === null) {
    // The first to write this key decides the id, and what is created.
    const intent: Intent = { id: mintConversationId(random), event: eventFor(deps, request) };
    await log.append(keysStream, [{ type: 'create', data: JSON.stringify(intent) }], { key });
  }
  const intent = await readIntent(deps, keysStream, key);
  if (!isSame(request, intent.event)) throw keyReused();
  // Also mends a first attempt that was cut between the two writes.
  return await writeCreated(deps, intent);
}

function eventFor({ models, defaultModel, clock }: CommandDeps, request: NewConversation): ConversationChanged {
  const { system, settings } = request;
  return {
    type: 'conversation',
    title: checkTitle(request.title ?? ''),
    model: findModel(models, request.model ?? defaultModel).id,
    createdAtMs: clock.now(),
    ...(system === undefined ? {} : { system: checkSystem(system) }),
    ...(settings === undefined ? {} : { settings: checkSettings(settings) }),
  };
}

/** What the first request with this key asked for. */
async function readIntent({ log }: CommandDeps, keysStream: string, key: string): Promise<Intent> {
  const found = await log.find(keysStream, key);
  const [entry] = found === null ? [] : await log.read(keysStream, { after: found.first - 1, limit: 1 });
  assert(entry !== undefined, 'a key that was written can be read');
  return JSON.parse(entry.data) as Intent; // Written above.
}

function isSame({ title, model, system, settings }: NewConversation, event: ConversationChanged): boolean {
  return (
    (title === undefined || checkTitle(title) === event.title) &&
    (model === undefined || model === event.model) &&
    (system === undefined || checkSystem(system) === event.system) &&
    (settings === undefined || JSON.stringify(settings) === JSON.stringify(event.settings))
  );
}

async function writeCreated({ log, owner, conversations }: CommandDeps, { id, event }: Intent): Promise<Conversation> {
  try {
    await log.append(id, [entryOf(event)], { key: 'create', index: { owner, title: event.title ?? '' } });
  } catch (error) {
    // Created by an earlier request with this key, and since deleted for good: which the load says.
    if (!isStreamError(error, 'stream-deleted')) throw error;
  }
  return await conversations.load(id);
}
