// What commands are given, checked against the conversation and the server's models.
import { show, StreamError } from '../../core/errors.ts';
import type { MessageId } from '../../core/ids.ts';
import type { Message } from '../../conversation/message.ts';
import type { Conversation } from '../../conversation/reduce.ts';
import type { ModelSettings } from '../../conversation/settings.ts';
import { pathTo } from '../../conversation/tree.ts';
import type { Model, ModelCatalogue } from '../model.ts';

const maxTitleLength = 200; // Chosen: a line or two of a sidebar.
const maxSystemLength = 100_000; // Chosen: some dozen pages, in UTF-16 code units.

/** Errors: `model-not-found`. */
export function findModel(models: ModelCatalogue, id: string): Model {
  const model = models.find(id);
  if (model !== undefined) return model;
  const known = models.list().map((info) => info.id);
  throw new StreamError(
    'model-not-found',
    `Expected a model that is known here, got ${show(id)}. Choose one of: ${known.slice(0, 20).join(', ')}.`,
  );
}

/** The message of that id, where neither it nor one above it was removed. Errors: `message-not-found`. */
export function messageIn({ id, messages }: Conversation, message: string): Message {
  const path = pathTo(messages, message as MessageId); // Whether it is one turns out here.
  const found = path.at(-1);
  if (found !== undefined && !path.some(({ isRemoved }) => isRemoved === true)) return found;
  throw new StreamError(
    'message-not-found',
    `Expected a message of ${id}, got ${show(message)}. GET /api/conversations/${id} lists them.`,
  );
}

/** Errors: `invalid-input`. */
export function checkTitle(title: string): string {
  if (title.length <= maxTitleLength) return title.replaceAll('\0', '').trim().toWellFormed();
  throw new StreamError(
    'invalid-input',
    `Expected a title of at most ${maxTitleLength} characters, got ${title.length}. Shorten it.`,
  );
}

/** Errors: `invalid-input`. */
export function checkSystem(system: string): string {
  if (system.length <= maxSystemLength) return system.trim();
  throw new StreamError(
    'invalid-input',
    `Expected a system prompt of at most ${maxSystemLength} characters, got ${system.length}. Shorten it.`,
  );
}

const ranges = { temperature: [0, 2], topP: [0, 1], maxOutputTokens: [1, 1_000_000], seed: [0, 2 ** 31 - 1] } as const;
const efforts: readonly unknown[] = ['none', 'low', 'medium', 'high'];

/** Errors: `invalid-input`, with each value that is wrong. */
export function checkSettings(settings: ModelSettings): ModelSettings {
  const wrong: string[] = [];
  for (const [name, value] of Object.entries(settings) as Array<[string, unknown]>) {
    if (value === undefined) continue;
    const range = Object.hasOwn(ranges, name) ? ranges[name as keyof typeof ranges] : undefined; // Just looked up.
    if (name === 'reasoning') {
      if (!efforts.includes(value)) wrong.push(`reasoning: one of ${efforts.join(', ')}, got ${show(value)}`);
    } else if (range === undefined) {
      wrong.push(`${show(name)} is none; there are ${[...Object.keys(ranges), 'reasoning'].join(', ')}`);
    } else if (typeof value !== 'number' || !(value >= range[0] && value <= range[1])) {
      wrong.push(`${name}: a number from ${range[0]} to ${range[1]}, got ${show(value)}`);
    }
  }
  if (wrong.length === 0) return settings;
  throw new StreamError('invalid-input', `Expected other settings: ${wrong.join('; ')}.`);
}

export function keyReused(): StreamError {
  return new StreamError(
    'idempotency-key-reused',
    'Expected the same request as the first time with this Idempotency-Key, got another. Use a new key for a new request.',
  );
}
