// What people ask for: create a conversation, send a message. Each is one append, so that it
// happens once and whole, or not at all.
import type { Clock } from '../core/clock.ts';
import { assert } from '../core/assert.ts';
import { show, StreamError } from '../core/errors.ts';
import { mintConversationId, mintMessageId, mintRunId } from '../core/ids.ts';
import type { ConversationId, MessageId, RunId } from '../core/ids.ts';
import type { Random } from '../core/random.ts';
import type { ConversationChanged, ConversationEvent } from '../conversation/event.ts';
import { textOf, type Message } from '../conversation/message.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { Run } from '../conversation/run.ts';
import { latestLeaf } from '../conversation/tree.ts';
import type { AppendResult, Log } from '../log/log.ts';
import type { Conversations } from './conversations.ts';
import { entryOf, placedEventOf } from './entries.ts';
import type { Model, ModelCatalogue } from './model.ts';
import type { Runs } from './runs.ts';

/** What a write asks for is done once for each key, however often it is sent. */
interface WriteOptions {
  /** The `Idempotency-Key`. Absent: each call is a write of its own. */
  readonly key?: string | undefined;
}

interface NewConversation {
  readonly title?: string | undefined;
  readonly model?: string | undefined;
}

interface NewMessage {
  readonly text: string;
  /** The message that it follows. Default: the newest. */
  readonly parent?: string | undefined;
  /** Default: the conversation's. */
  readonly model?: string | undefined;
}

interface SentMessage {
  readonly message: { readonly id: MessageId };
  readonly answer: { readonly id: MessageId };
  /** The run as it was when the message was taken: `queued`. */
  readonly run: Run;
  /** The first and the last offset that the message took; what its answer adds comes behind. */
  readonly first: number;
  readonly offset: number;
}

export interface Commands {
  /** Errors: `model-not-found`, `invalid-input`, `idempotency-key-reused`. */
  create(request: NewConversation, options?: WriteOptions): Promise<Conversation>;
  /** Errors: those of `create`, `conversation-not-found`, `message-not-found`. */
  send(conversation: ConversationId, request: NewMessage, options?: WriteOptions): Promise<SentMessage>;
}

export interface CommandDeps {
  readonly log: Log;
  readonly models: ModelCatalogue;
  readonly conversations: Conversations;
  readonly runs: Runs;
  readonly owner: string;
  readonly defaultModel: string;
  readonly clock: Clock;
  readonly random: Random;
}

const maxTitleLength = 200; // Chosen: a line or two of a sidebar.

export function createCommands(deps: CommandDeps): Commands {
  const { log, models, conversations, runs, owner, clock, random } = deps;
  const keysStream = `keys:${owner}`;
  // Two messages that are sent at one moment follow each other rather than both the same parent.
  const sending = new Map<ConversationId, Promise<unknown>>();

  function findModel(id: string): Model {
    const model = models.find(id);
    if (model !== undefined) return model;
    const known = models.list().map((info) => info.id);
    throw new StreamError(
      'model-not-found',
      `Expected a model that is known here, got ${show(id)}. Choose one of: ${known.slice(0, 20).join(', ')}.`,
    );
  }

  async function create(request: NewConversation, { key }: WriteOptions = {}): Promise<Conversation> {
    const known = key === undefined ? null : await log.find(keysStream, key);
    // A repeat is answered from what was written, also where today's models or default are others.
    if (key === undefined || known === null) {
      const model = findModel(request.model ?? deps.defaultModel).id;
      const title = checkTitle(request.title ?? '');
      const event: ConversationChanged = { type: 'conversation', title, model, createdAtMs: clock.now() };
      if (key === undefined) return await writeCreated(mintConversationId(random), event);
      // The first to write this key decides the id, and what is created.
      const data = JSON.stringify({ id: mintConversationId(random), event });
      await log.append(keysStream, [{ type: 'create', data }], { key });
    }
    const { id, event } = await readIntent(key);
    const sameTitle = request.title === undefined || checkTitle(request.title) === event.title;
    const sameModel = request.model === undefined || request.model === event.model;
    if (!sameTitle || !sameModel) throw keyReused();
    // Also mends a first attempt that was cut between the two writes.
    return await writeCreated(id, event);
  }

  /** What the first request with this key asked for. */
  async function readIntent(key: string): Promise<{ id: ConversationId; event: ConversationChanged }> {
    const found = await log.find(keysStream, key);
    const [entry] = found === null ? [] : await log.read(keysStream, { after: found.first - 1, limit: 1 });
    assert(entry !== undefined, 'a key that was written can be read');
    return JSON.parse(entry.data) as { id: ConversationId; event: ConversationChanged }; // Written by `create`.
  }

  async function writeCreated(id: ConversationId, event: ConversationChanged): Promise<Conversation> {
    await log.append(id, [entryOf(event)], { key: 'create', index: { owner, title: event.title ?? '' } });
    return await conversations.load(id);
  }

  async function send(id: ConversationId, request: NewMessage, { key }: WriteOptions = {}): Promise<SentMessage> {
    if (request.text.trim() === '') {
      throw new StreamError(
        'invalid-input',
        'Expected a message with text, got an empty one. Write something in "text".',
      );
    }
    const conversation = await conversations.load(id);
    // The caller's keys have a space of their own beside `create`.
    const appendKey = key === undefined ? undefined : `send:${key}`;
    const known = appendKey === undefined ? null : await log.find(id, appendKey);
    const result = known ?? (await write(conversation, request, appendKey));
    const sent = await readSent(id, request, result);
    // A first attempt may have been cut between its append and its start.
    if (result.replayed) await runs.ensure(sent.run.id);
    return sent;
  }

  async function write(
    conversation: Conversation,
    request: NewMessage,
    key: string | undefined,
  ): Promise<AppendResult> {
    const model = findModel(request.model ?? conversation.model);
    const parent =
      request.parent === undefined ? latestLeaf(conversation.messages) : parentIn(conversation, request.parent);
    const title = conversation.title === '' ? titleFrom(request.text) : conversation.title;
    const { events, run } = eventsFor({ conversation, title, text: request.text, model, parent });
    // Claimed first: were it written first, a crash before the claim would leave it to nobody.
    const lease = await runs.claim(run);
    try {
      // A title that is there stays: somebody may be changing it.
      const index = {
        owner,
        title: conversation.title === '' ? title : undefined,
        text: request.text.toWellFormed(),
      };
      const result = await log.append(conversation.id, events.map(entryOf), { key, index });
      if (result.replayed) await log.leases.release(lease);
      else runs.start(run, lease);
      return result;
    } catch (error) {
      // Whether it was written is not known: the claim stays to be found, by a repeat or a start.
      await runs.abandon(lease);
      throw error;
    }
  }

  function eventsFor(plan: {
    conversation: Conversation;
    title: string;
    text: string;
    model: Model;
    parent: MessageId | null;
  }): { events: ConversationEvent[]; run: RunId } {
    const { conversation, title, text, model, parent } = plan;
    const createdAtMs = clock.now();
    const message: Message = {
      id: mintMessageId(random),
      parent,
      role: 'user',
      status: 'done',
      parts: [{ type: 'text', text }],
      createdAtMs,
    };
    const answer: Message = {
      id: mintMessageId(random),
      parent: message.id,
      role: 'assistant',
      status: 'queued',
      parts: [{ type: 'text', text: '' }],
      createdAtMs,
      model: model.id,
    };
    const run = mintRunId(random, conversation.id);
    const events: ConversationEvent[] = [
      { type: 'message', message },
      { type: 'message', message: answer },
      { type: 'run', id: run, message: answer.id, status: 'queued', model: model.id, attempt: 1 },
    ];
    // The title first: whoever reads the three behind it reads every send alike.
    if (title !== conversation.title) events.unshift({ type: 'conversation', title });
    return { events, run };
  }

  /** The result of a send from what it wrote: the same for the first time and for every repeat. */
  async function readSent(
    id: ConversationId,
    request: NewMessage,
    { first, last }: AppendResult,
  ): Promise<SentMessage> {
    const entries = await log.read(id, { after: last - 3, limit: 3 });
    const [message, answer, run] = entries.map((entry) => placedEventOf(entry).event);
    if (message?.type !== 'message' || answer?.type !== 'message' || run?.type !== 'run') throw keyReused();
    const sameParent = request.parent === undefined || request.parent === message.message.parent;
    const sameModel = request.model === undefined || request.model === run.model;
    if (textOf(message.message) !== request.text || !sameParent || !sameModel) throw keyReused();
    const { type: _name, ...queued } = run;
    return { message: { id: message.message.id }, answer: { id: answer.message.id }, run: queued, first, offset: last };
  }

  return {
    create,
    async send(id, request, options) {
      const before = sending.get(id) ?? Promise.resolve();
      const mine = before.then(() => send(id, request, options));
      const settled = mine.then(
        () => undefined,
        () => undefined,
      );
      sending.set(id, settled);
      void settled.then(() => {
        if (sending.get(id) === settled) sending.delete(id);
      });
      return await mine;
    },
  };
}

function parentIn({ id, messages }: Conversation, parent: string): MessageId {
  const found = messages.find((message) => message.id === parent);
  if (found !== undefined) return found.id;
  throw new StreamError(
    'message-not-found',
    `Expected parent to be a message of ${id}, got ${show(parent)}. Leave it out to follow the newest message.`,
  );
}

function checkTitle(title: string): string {
  if (title.length <= maxTitleLength) return title.replaceAll('\0', '').trim().toWellFormed();
  throw new StreamError(
    'invalid-input',
    `Expected a title of at most ${maxTitleLength} characters, got ${title.length}. Shorten it.`,
  );
}

/** A title by rule: the message's first line, cut at a word. */
function titleFrom(text: string): string {
  const line = text.trim().split('\n', 1)[0]?.replaceAll('\0', '').replaceAll(/\s+/g, ' ').toWellFormed() ?? '';
  if (line.length <= 60) return line;
  // Not between the two halves of a character.
  const cut = line.slice(0, 60).replace(/[\ud800-\udbff]$/, '');
  const space = cut.lastIndexOf(' ');
  return `${(space > 20 ? cut.slice(0, space) : cut).trimEnd()}…`;
}

function keyReused(): StreamError {
  return new StreamError(
    'idempotency-key-reused',
    'Expected the same request as the first time with this Idempotency-Key, got another. Use a new key for a new request.',
  );
}
