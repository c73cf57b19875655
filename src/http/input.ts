// What comes in from outside: parsed here, once, into values that the engine can trust.
import * as z from 'zod';
import { show, StreamError } from '../core/errors.ts';
import { isConversationId, isRunId, type ConversationId, type RunId } from '../core/ids.ts';
import { parseCursor, type Cursor } from '../log/cursor.ts';
import type { ListOptions } from '../log/log.ts';
import { readJson } from './body.ts';

const maxListed = 1_000; // Chosen: what a sidebar shows without asking again.

const maxSearchLength = 200; // Chosen: a sentence, in UTF-16 code units.

const maxIssues = 5; // Chosen: what a person mends at a time.

const maxIdLength = 100; // Longer than any id.
const maxModels = 100; // Beyond what the engine takes, which says how many that is.
const maxUrlLength = 8_000; // Chosen: what servers take, in UTF-16 code units.

const modelSchema = z.string().min(1).max(200);
const modelsSchema = z.union([modelSchema, z.array(modelSchema).max(maxModels)], {
  error: 'Expected the id of a model, or a list of such',
});

/** How large each may be is the engine's to say. */
const settingsSchema = z.strictObject({
  temperature: z.number().optional(),
  topP: z.number().optional(),
  maxOutputTokens: z.int().optional(),
  reasoning: z.enum(['none', 'low', 'medium', 'high']).optional(),
  seed: z.int().optional(),
});

export const newConversationSchema = z.strictObject({
  title: z.string().optional(),
  model: modelSchema.optional(),
  system: z.string().optional(),
  settings: settingsSchema.optional(),
});

export const changeSchema = z.strictObject({
  ...newConversationSchema.shape,
  leaf: z.string().max(maxIdLength).optional(),
});

const fileSchema = z.strictObject({
  mediaType: z.string().max(200),
  name: z.string().max(255).optional(),
  data: z.string().refine(isBase64, 'Expected base64').optional(),
  url: z
    .url({ protocol: /^https?$/ })
    .max(maxUrlLength)
    .optional(),
});

export const newMessageSchema = z.strictObject({
  text: z.string().default(''),
  files: z.array(fileSchema).optional(),
  parent: z.string().max(maxIdLength).nullish(),
  model: modelsSchema.optional(),
  whileRunning: z.enum(['queue', 'interrupt', 'refuse']).optional(),
});

export const newRunSchema = z.strictObject({
  message: z.string().max(maxIdLength),
  model: modelsSchema.optional(),
});

export const stopSchema = z.strictObject({
  seen: z.union([z.string().max(maxIdLength), z.int().min(0)], { error: 'Expected an offset or a cursor' }).optional(),
});

/** Without white space, padded. As of [rfc4648 4]. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

/** The body as the schema has it. Errors: those of `readJson`, `invalid-input` with the path of each wrong value. */
export async function parseBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  maxBytes?: number,
): Promise<z.output<Schema>> {
  return fit('body', await readJson(request, maxBytes), schema);
}

/** Errors: `invalid-input` with the path of each wrong value. */
function fit<Schema extends z.ZodType>(name: string, value: unknown, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues
    .slice(0, maxIssues)
    .map(({ path, message }) => `${path.join('.') || name}: ${message.slice(0, 200)}`);
  throw new StreamError('invalid-input', `The ${name} does not fit: ${issues.join('; ')}. See the API's description.`);
}

const listQuerySchema = z.object({
  q: z.string().max(maxSearchLength).optional(),
  limit: z
    .string()
    .regex(/^[0-9]{1,6}$/, 'Expected a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(maxListed))
    .default(maxListed),
  page: z.string().max(100).optional(),
});

/**
 * What of a list is asked for: `?q=` words to search for, `?limit=` rows, `?page=` the `next` of the
 * page before. What is empty counts as left out. Errors: `invalid-input`.
 */
export function parseListQuery(request: Request): ListOptions {
  const given = [...new URL(request.url).searchParams].filter(([, value]) => value !== '');
  const { q, limit, page } = fit('query', Object.fromEntries(given), listQuerySchema);
  return { search: q, limit, pageToken: page };
}

/** Errors: `conversation-not-found`, also for what cannot be an id. */
export function parseConversationId(text: string): ConversationId {
  if (isConversationId(text)) return text;
  throw new StreamError(
    'conversation-not-found',
    `Expected the id of a conversation, such as c_01j9x…, got ${show(text)}. List them with GET /api/conversations.`,
  );
}

/** Errors: `run-not-found`, also for what cannot be an id. */
export function parseRunId(text: string): RunId {
  if (isRunId(text)) return text;
  throw new StreamError(
    'run-not-found',
    `Expected the id of a run, such as r_01j9x…, got ${show(text)}. A message's answer gives the id of its run.`,
  );
}

/** The `Idempotency-Key`, or undefined where there is none. Errors: `invalid-input`. */
export function parseKey(headers: Headers): string | undefined {
  const key = headers.get('Idempotency-Key');
  if (key === null || /^[\x21-\x7e]{1,200}$/.test(key)) return key ?? undefined;
  throw new StreamError(
    'invalid-input',
    `Expected an Idempotency-Key of 1 to 200 visible ASCII characters, got ${show(key)}. A UUID will do.`,
  );
}

/** The reader's cursor: `Last-Event-ID`, else `?after=`, else none. Errors: `cursor-invalid`. */
export function parseReaderCursor(request: Request): Cursor | undefined {
  const text = request.headers.get('Last-Event-ID') ?? new URL(request.url).searchParams.get('after') ?? '';
  return text === '' ? undefined : parseCursor(text);
}

/**
 * The offset that somebody had seen, from an offset or a cursor; undefined for that of another store,
 * whose offsets say nothing here. Errors: `cursor-invalid`.
 */
export function parseSeen(seen: string | number | undefined, epoch: string): number | undefined {
  if (typeof seen !== 'string') return seen;
  const cursor = parseCursor(seen);
  return (cursor.epoch ?? epoch) === epoch ? cursor.offset : undefined;
}
