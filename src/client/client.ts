// The API as functions, for browsers and Node.
import { systemClock, type Clock } from '../core/clock.ts';
import { StreamError } from '../core/errors.ts';
import type { ConversationId, MessageId, RunId } from '../core/ids.ts';
import { isRecord, type JsonRecord } from '../core/json.ts';
import { systemRandom, type Random } from '../core/random.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { StopRequest } from '../conversation/run.ts';
import type { ModelSettings } from '../conversation/settings.ts';
import { createConversationStore, type ConversationStore } from './conversation-store.ts';
import { createTransport, type ApiRequest, type TransportOptions } from './transport.ts';

/** A conversation as a list shows it. */
export interface ConversationSummary {
  readonly id: ConversationId;
  readonly title: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A model as a person chooses it. */
export interface ModelSummary {
  readonly id: string;
  readonly name: string;
  /** Not a language model: one of the built-in demos. */
  readonly demo: boolean;
  /** Of the rest, undefined: it is not known. */
  readonly takesImages?: boolean | undefined;
  readonly callsTools?: boolean | undefined;
  readonly reasons?: boolean | undefined;
}

export interface ModelList {
  readonly models: readonly ModelSummary[];
  /** Id of the model that answers where none is chosen. */
  readonly default: string;
}

export interface NewConversation {
  readonly title?: string | undefined;
  /** Default: the server's. */
  readonly model?: string | undefined;
  /** What every model is told before the first message. */
  readonly system?: string | undefined;
  readonly settings?: ModelSettings | undefined;
}

/** Only what is given changes; settings all together. */
export interface ConversationChange extends NewConversation {
  /** The line through this message is looked at, down to the newest below it. */
  readonly leaf?: string | undefined;
}

/** A file of a message: its content in base64, or where it is. */
export interface NewFile {
  /** Such as `image/png`. */
  readonly mediaType: string;
  readonly name?: string | undefined;
  readonly data?: string | undefined;
  readonly url?: string | undefined;
}

export interface SendRequest {
  /** May be empty where there are files. */
  readonly text: string;
  readonly files?: readonly NewFile[] | undefined;
  /** The message that it follows; null: none. That of another message makes it its sibling. Default: the leaf. */
  readonly parent?: string | null | undefined;
  /** Several answer side by side. Default: the conversation's. */
  readonly model?: string | readonly string[] | undefined;
  /** While an answer above it is being written: it waits, stops that, or fails with `conversation-busy`. Default: `queue`. */
  readonly whileRunning?: 'queue' | 'interrupt' | 'refuse' | undefined;
}

export interface RegenerateRequest {
  /** The answer beside which there is to be another, or the message that is to be answered once more. */
  readonly message: string;
  /** Default: that of the answer, else the conversation's. */
  readonly model?: string | readonly string[] | undefined;
}

/** What was taken: what comes of it, the stream tells. */
export interface Sent {
  readonly message: { readonly id: MessageId };
  /** The first of the answers. */
  readonly answer: { readonly id: MessageId };
  /** One for each model that was asked. */
  readonly runs: ReadonlyArray<{ readonly id: RunId; readonly message: MessageId; readonly model: string }>;
  /** The last offset that it took; what the answers add comes behind. */
  readonly offset: number;
}

/** `key` names a write over several calls, as after a failure that a person saw. Default: each call is a write of its own. */
export interface KeyOptions {
  readonly key?: string | undefined;
}

/**
 * Each write is done exactly once, though what fails on the way is sent again. Errors: the server's, by
 * their codes, and `request-failed` where no answer came.
 */
export interface Client {
  listConversations(): Promise<readonly ConversationSummary[]>;
  listModels(): Promise<ModelList>;
  createConversation(request?: NewConversation, options?: KeyOptions): Promise<Conversation>;
  changeConversation(id: ConversationId, change: ConversationChange, options?: KeyOptions): Promise<Conversation>;
  /** Stops its answers too. It can be brought back for a time. */
  deleteConversation(id: ConversationId): Promise<void>;
  restoreConversation(id: ConversationId): Promise<Conversation>;
  send(id: ConversationId, request: SendRequest, options?: KeyOptions): Promise<Sent>;
  /** Another answer beside one that is there. */
  regenerate(id: ConversationId, request: RegenerateRequest, options?: KeyOptions): Promise<Sent>;
  /** Takes a message, and all below it, away. It can be brought back. */
  removeMessage(id: ConversationId, message: string): Promise<Conversation>;
  restoreMessage(id: ConversationId, message: string): Promise<Conversation>;
  /** Stops a run, for every screen. With `seen`, an offset, what came behind that is taken back. */
  stop(run: string, request?: StopRequest): Promise<void>;
  /** The conversation, live. */
  conversation(id: ConversationId): ConversationStore;
  /** A new key for a write. */
  newKey(): string;
}

export function createClient(options: TransportOptions = {}, deps: { clock?: Clock; random?: Random } = {}): Client {
  const { clock = systemClock, random = systemRandom } = deps;
  const transport = createTransport(options, { clock, random });

  async function askForConversation(path: string, request: ApiRequest): Promise<Conversation> {
    return expectRecord(await transport.request(path, request)) as unknown as Conversation; // The server's own reducer made it.
  }

  async function askForAnswers(path: string, request: ApiRequest): Promise<Sent> {
    return expectRecord(await transport.request(path, request)) as unknown as Sent; // Our own server wrote it.
  }

  return {
    async listConversations() {
      const answer = await transport.request('/api/conversations');
      return listIn(answer, 'conversations') as readonly ConversationSummary[]; // As above.
    },
    async listModels() {
      const answer = await transport.request('/api/models');
      const models = listIn(answer, 'models') as readonly ModelSummary[]; // As above.
      const preferred = isRecord(answer) && typeof answer['default'] === 'string' ? answer['default'] : undefined;
      return { models, default: preferred ?? models[0]?.id ?? '' };
    },
    createConversation: (body = {}, { key = random.id() } = {}) =>
      askForConversation('/api/conversations', { method: 'POST', body, key }),
    changeConversation: (id, body, { key = random.id() } = {}) =>
      askForConversation(pathOf(id), { method: 'PATCH', body, key }),
    async deleteConversation(id) {
      await transport.request(pathOf(id), { method: 'DELETE' });
    },
    // Idempotent by itself, as all without a key of the caller's: any key lets it be repeated.
    restoreConversation: (id) => askForConversation(`${pathOf(id)}/restore`, { method: 'POST', key: random.id() }),
    send: (id, body, { key = random.id() } = {}) =>
      askForAnswers(`${pathOf(id)}/messages`, { method: 'POST', body, key }),
    regenerate: (id, body, { key = random.id() } = {}) =>
      askForAnswers(`${pathOf(id)}/runs`, { method: 'POST', body, key }),
    removeMessage: (id, message) => askForConversation(messagePathOf(id, message), { method: 'DELETE' }),
    restoreMessage: (id, message) =>
      askForConversation(`${messagePathOf(id, message)}/restore`, { method: 'POST', key: random.id() }),
    async stop(run, body = {}) {
      await transport.request(`/api/runs/${run}/stop`, { method: 'POST', body, key: random.id() });
    },
    conversation: (id) => createConversationStore(id, transport, { clock, random }),
    newKey: () => random.id(),
  };
}

function pathOf(id: ConversationId): string {
  return `/api/conversations/${id}`;
}

function messagePathOf(id: ConversationId, message: string): string {
  return `${pathOf(id)}/messages/${encodeURIComponent(message)}`;
}

function expectRecord(answer: unknown): JsonRecord {
  if (isRecord(answer)) return answer;
  throw new StreamError('request-failed', 'Expected a JSON object from the server, got something else.');
}

function listIn(answer: unknown, name: string): readonly unknown[] {
  const list = expectRecord(answer)[name];
  if (Array.isArray(list)) return list;
  throw new StreamError('request-failed', `Expected a list of ${name} from the server, got something else.`);
}
