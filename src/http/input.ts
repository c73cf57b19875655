// What comes in from outside: parsed here, once, into values that the engine can trust.
import * as z from 'zod';
import { isStreamError, show, StreamError } from '../core/errors.ts';
import { isConversationId, isRunId, type ConversationId, type RunId } from '../core/ids.ts';
import { parseCursor, type Cursor } from '../log/cursor.ts';
import type { ListOptions } from '../log/log.ts';

/** Largest body that is read, in bytes. */
const maxBodyBytes = 1024 * 1024; // Chosen: a message of a few hundred pages.

const maxTextLength = 200_000; // Chosen: what today's models take, in UTF-16 code units.

const maxListed = 1_000; // Chosen: what a sidebar shows without asking again.

const maxSearchLength = 200; // Chosen: a sentence, in UTF-16 code units.

const maxIssues = 5; // Chosen: what a person mends at a time.

export const newConversationSchema = z.strictObject({
  title: z.string().optional(),
  model: z.string().min(1).max(200).optional(),
});

export const newMessageSchema = z.strictObject({
  text: z.string().max(maxTextLength),
  parent: z.string().max(100).nullish(),
  model: z.string().min(1).max(200).nullish(),
});

/**
 * The body as the schema has it; an empty body is `{}`.
 * Errors: `malformed-json`, `invalid-input` with the path of each wrong value.
 */
export async function parseBody<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>> {
  const text = await readBody(request);
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw new StreamError(
      'malformed-json',
      `Expected a JSON object as the body, such as {"text":"Hello"}, got ${show(text)}. Check quotes and commas.`,
      { cause: error },
    );
  }
  return fit('body', value, schema);
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

/** The body as text. Errors: `body-too-large`, as soon as that is known. */
async function readBody(request: Request): Promise<string> {
  if (Number(request.headers.get('Content-Length') ?? 0) > maxBodyBytes) throw bodyTooLarge();
  if (request.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let sizeBytes = 0;
  // Leaving the loop by a throw cancels the rest of the body.
  try {
    for await (const bytes of request.body) {
      sizeBytes += bytes.byteLength;
      if (sizeBytes > maxBodyBytes) throw bodyTooLarge();
      text += decoder.decode(bytes, { stream: true });
    }
  } catch (error) {
    if (isStreamError(error)) throw error;
    throw new StreamError('body-incomplete', 'Expected the whole body, but the connection broke off. Send it again.', {
      cause: error,
    });
  }
  return text + decoder.decode();
}

function bodyTooLarge(): StreamError {
  return new StreamError(
    'body-too-large',
    `Expected a body of at most ${maxBodyBytes} bytes, got a larger one. Shorten the message or send it in parts.`,
  );
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
