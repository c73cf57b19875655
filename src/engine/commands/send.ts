// A person's message, and the answers to it: sent, or asked for again.
import { show, StreamError } from '../../core/errors.ts';
import { mintMessageId, type ConversationId, type MessageId } from '../../core/ids.ts';
import type { ConversationEvent } from '../../conversation/event.ts';
import { textOf, type FilePart, type Message, type Part } from '../../conversation/message.ts';
import type { Conversation } from '../../conversation/reduce.ts';
import type { AppendResult } from '../../log/log.ts';
import type { Model } from '../model.ts';
import { titleFrom } from '../titles.ts';
import { liveRunsOn } from '../turn.ts';
import { checkRoom, readAppended, startAnswers, startedIn, type StartedAnswers } from './answers.ts';
import { findModel, keyReused, messageIn } from './checks.ts';
import type { CommandDeps, EngineLimits, WriteOptions } from './deps.ts';

/** What happens to a message while an answer above it is being written. */
type WhileRunning = 'queue' | 'interrupt' | 'refuse';

export interface NewMessage {
  readonly text: string;
  readonly files?: readonly FilePart[] | undefined;
  /** The message that it follows; null: none. That of another message makes it its sibling. Default: the leaf. */
  readonly parent?: string | null | undefined;
  /** Several answer side by side. Default: the conversation's. */
  readonly model?: string | readonly string[] | undefined;
  /**
   * `queue`: it waits for the answer to end. `interrupt`: it stops it. `refuse`: `conversation-busy`.
   * Default: `queue`.
   */
  readonly whileRunning?: WhileRunning | undefined;
}

export interface Regeneration {
  /** The answer beside which there is to be another, or the message that is to be answered once more. */
  readonly message: string;
  /** Default: that of the answer, else the conversation's. */
  readonly model?: string | readonly string[] | undefined;
}

export async function sendMessage(
  deps: CommandDeps,
  request: { readonly id: ConversationId } & NewMessage,
  { key }: WriteOptions = {},
): Promise<StartedAnswers> {
  checkMessage(request, deps.limits);
  const conversation = await deps.conversations.loadLive(request.id);
  // The caller's keys have a space of their own beside the engine's.
  const appendKey = key === undefined ? undefined : `send:${key}`;
  const known = appendKey === undefined ? null : await deps.log.find(request.id, appendKey);
  const result = known ?? (await writeMessage(deps, { conversation, request, key: appendKey }));
  const events = await readAppended(deps, conversation, result);
  return await started(deps, { events, result, isSame: isSameMessage(request, events) });
}

export async function regenerate(
  deps: CommandDeps,
  request: { readonly id: ConversationId } & Regeneration,
  { key }: WriteOptions = {},
): Promise<StartedAnswers> {
  const conversation = await deps.conversations.loadLive(request.id);
  const appendKey = key === undefined ? undefined : `regenerate:${key}`;
  const known = appendKey === undefined ? null : await deps.log.find(request.id, appendKey);
  const asked =
    known === null
      ? messageIn(conversation, request.message)
      : conversation.messages.find(({ id }) => id === request.message);
  const parent = asked?.role === 'user' ? asked.id : asked?.parent;
  if (asked === undefined || parent === null || parent === undefined) throw keyReused();
  const names = request.model ?? asked.model ?? conversation.model;
  const plan = { conversation, events: [], parent, key: appendKey, index: { owner: deps.owner } };
  const result = known ?? (await startAnswers(deps, { ...plan, models: modelsOf(deps, names) }));
  const events = await readAppended(deps, conversation, result);
  const isSame = startedIn(events, result)?.message.id === parent && isSameModel(request.model, events);
  return await started(deps, { events, result, isSame });
}

async function started(
  deps: CommandDeps,
  written: { events: readonly ConversationEvent[]; result: AppendResult; isSame: boolean },
): Promise<StartedAnswers> {
  const answers = startedIn(written.events, written.result);
  if (answers === undefined || !written.isSame) throw keyReused();
  // A first attempt may have been cut between its append and its start.
  if (written.result.replayed) for (const { id } of answers.runs) await deps.runs.ensure(id);
  return answers;
}

async function writeMessage(
  deps: CommandDeps,
  sending: { conversation: Conversation; request: NewMessage; key: string | undefined },
): Promise<AppendResult> {
  const { conversation, request, key } = sending;
  const models = modelsOf(deps, request.model ?? conversation.model);
  const parent = parentOf(conversation, request.parent);
  await makeWay(deps, { conversation, parent, whileRunning: request.whileRunning ?? 'queue' });
  const message: Message = {
    id: mintMessageId(deps.random),
    parent,
    role: 'user',
    status: 'done',
    parts: partsOf(request),
    createdAtMs: deps.clock.now(),
  };
  const events: ConversationEvent[] = [{ type: 'message', message }];
  // A title that is there stays: somebody may be changing it.
  const title = conversation.title === '' ? titleFrom(request.text) : undefined;
  if (title !== undefined && title !== '') events.unshift({ type: 'conversation', title });
  const index = { owner: deps.owner, title, text: request.text.toWellFormed() };
  return await startAnswers(deps, { conversation, events, parent: message.id, models, key, index });
}

/** Errors: `conversation-busy`. */
async function makeWay(
  { runs }: CommandDeps,
  {
    conversation,
    parent,
    whileRunning,
  }: { conversation: Conversation; parent: MessageId | null; whileRunning: WhileRunning },
): Promise<void> {
  const live = whileRunning === 'queue' ? [] : liveRunsOn(conversation, parent);
  if (live.length === 0) return;
  if (whileRunning === 'interrupt') await Promise.all(live.map(({ id }) => runs.stop(id)));
  else {
    throw new StreamError(
      'conversation-busy',
      `Expected no answer to be under way that the message follows, but ${live[0]?.message} is being written. Stop it, or send with "whileRunning": "queue".`,
    );
  }
}

function parentOf(conversation: Conversation, parent: string | null | undefined): MessageId | null {
  if (typeof parent === 'string') return messageIn(conversation, parent).id;
  return parent === null ? null : conversation.leaf;
}

/** Errors: `model-not-found`, `invalid-input`, `too-many-runs`. */
function modelsOf(deps: CommandDeps, names: string | readonly string[]): Model[] {
  const { maxAnswers } = deps.limits;
  const asked = typeof names === 'string' ? [names] : names;
  if (asked.length === 0 || asked.length > maxAnswers) {
    throw new StreamError('invalid-input', `Expected 1 to ${maxAnswers} models, got ${asked.length}.`);
  }
  const models = asked.map((name) => findModel(deps.models, name));
  checkRoom(deps, models);
  return models;
}

function partsOf({ text, files = [] }: NewMessage): Part[] {
  return [...(text === '' ? [] : [{ type: 'text', text } as const]), ...files];
}

/** Errors: `invalid-input`. */
function checkMessage({ text, files = [] }: NewMessage, limits: EngineLimits): void {
  const filesLength = files.reduce((sum, { data = '', url = '' }) => sum + data.length + url.length, 0);
  const wrong =
    (text.trim() === '' && files.length === 0 && 'a message with text, got an empty one. Write something in "text"') ||
    (text.length > limits.maxTextLength &&
      `a text of at most ${limits.maxTextLength} characters, got ${text.length}`) ||
    (files.length > limits.maxFiles && `at most ${limits.maxFiles} files, got ${files.length}`) ||
    (filesLength > limits.maxFilesLength &&
      `files of at most ${limits.maxFilesLength} characters, got ${filesLength}`) ||
    wrongFile(files);
  if (wrong !== false) throw new StreamError('invalid-input', `Expected ${wrong}.`);
}

function wrongFile(files: readonly FilePart[]): string | false {
  const wrong = files.find(
    ({ mediaType, data, url }) =>
      !/^[\w.+-]+\/[\w.+-]+$/.test(mediaType) || (data === undefined) === (url === undefined),
  );
  return (
    wrong !== undefined &&
    `a file with a media type, and with data or a url, got ${show({ ...wrong, data: undefined })}`
  );
}

function isSameMessage(request: NewMessage, events: readonly ConversationEvent[]): boolean {
  const added = events.find((event) => event.type === 'message');
  if (added?.type !== 'message' || added.message.role !== 'user') return false;
  const { message } = added;
  return (
    textOf(message) === request.text &&
    JSON.stringify(message.parts) === JSON.stringify(partsOf(request)) &&
    (request.parent === undefined || request.parent === message.parent) &&
    isSameModel(request.model, events)
  );
}

function isSameModel(model: string | readonly string[] | undefined, events: readonly ConversationEvent[]): boolean {
  const names = typeof model === 'string' ? [model] : model;
  const asked = events.flatMap((event) => (event.type === 'run' ? [event.model] : []));
  return names === undefined || names.join('\n') === asked.join('\n');
}
