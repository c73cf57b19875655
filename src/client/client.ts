// The API as functions, for browsers and Node.
import { systemClock, type Clock } from '../core/clock.ts';
import { StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import { isRecord, type JsonRecord } from '../core/json.ts';
import { systemRandom, type Random } from '../core/random.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { createConversationStore, type ConversationStore } from './conversation-store.ts';
import { createTransport, type TransportOptions } from './transport.ts';

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
}

export interface ModelList {
  readonly models: readonly ModelSummary[];
  /** Id of the model that answers where none is chosen. */
  readonly default: string;
}

export interface SendRequest {
  readonly text: string;
  readonly parent?: string | undefined;
  readonly model?: string | undefined;
}

export interface Client {
  listConversations(): Promise<readonly ConversationSummary[]>;
  listModels(): Promise<ModelList>;
  /** Creates a conversation, once for each `key`; without one, once for each call. */
  createConversation(request?: { title?: string; model?: string }, options?: { key?: string }): Promise<Conversation>;
  /**
   * Sends a message, exactly once: what fails on the way is sent again with the same key.
   * `key` names the message over several calls, as after a failure that a person saw.
   */
  send(id: ConversationId, request: SendRequest, options?: { key?: string }): Promise<void>;
  /** Stops a run, for every screen. */
  stop(run: string): Promise<void>;
  /** The conversation, live. */
  conversation(id: ConversationId): ConversationStore;
  /** A new key for a write. */
  newKey(): string;
}

export function createClient(options: TransportOptions = {}, deps: { clock?: Clock; random?: Random } = {}): Client {
  const { clock = systemClock, random = systemRandom } = deps;
  const transport = createTransport(options, { clock, random });

  return {
    async listConversations() {
      const answer = await transport.request('/api/conversations');
      return listIn(answer, 'conversations') as readonly ConversationSummary[]; // Our own server wrote it.
    },
    async listModels() {
      const answer = await transport.request('/api/models');
      const models = listIn(answer, 'models') as readonly ModelSummary[]; // As above.
      const preferred = isRecord(answer) && typeof answer['default'] === 'string' ? answer['default'] : undefined;
      return { models, default: preferred ?? models[0]?.id ?? '' };
    },
    async createConversation(request = {}, { key = random.id() } = {}) {
      const answer = await transport.request('/api/conversations', { method: 'POST', body: request, key });
      return expectRecord(answer) as unknown as Conversation; // The server's own reducer made it.
    },
    async send(id, request, { key = random.id() } = {}) {
      await transport.request(`/api/conversations/${id}/messages`, { method: 'POST', body: request, key });
    },
    async stop(run) {
      // A stop is idempotent by itself: any key lets it be repeated.
      await transport.request(`/api/runs/${run}/stop`, { method: 'POST', key: random.id() });
    },
    conversation: (id) => createConversationStore(id, transport, { clock, random }),
    newKey: () => random.id(),
  };
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
