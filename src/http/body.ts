// A request's body: read within bounds, and parsed as JSON that is no deeper than any that is asked for.
import { isStreamError, show, StreamError } from '../core/errors.ts';

/** What a body may hold, in bytes: a message of a few hundred pages. */
const maxBodyBytes = 1024 * 1024; // Chosen.

/** What the body of a message may hold, in bytes: its files, in base64, are within. */
export const maxMessageBytes = 16 * 1024 * 1024; // Chosen: the engine's 12 Mi of files, the text, and JSON's escapes.

const maxDepth = 8; // Chosen: a message's files are three deep.

/**
 * The body's JSON; an empty body is `{}`. Errors: `body-too-large`, as soon as that is known,
 * `body-incomplete`, `malformed-json`, `invalid-input`.
 */
export async function readJson(request: Request, maxBytes = maxBodyBytes): Promise<unknown> {
  const text = await readText(request, maxBytes);
  // Before it is parsed: what is nested without end takes many times its length in memory.
  if (isTooDeep(text)) throw new StreamError('invalid-input', `Expected JSON of at most ${maxDepth} levels, got more.`);
  try {
    return text.trim() === '' ? {} : (JSON.parse(text) as unknown);
  } catch (error) {
    throw new StreamError(
      'malformed-json',
      `Expected a JSON object as the body, such as {"text":"Hello"}, got ${show(text.slice(0, 100))}. Check quotes and commas.`,
      { cause: error },
    );
  }
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get('Content-Length') ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  if (request.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let sizeBytes = 0;
  // Leaving the loop by a throw cancels the rest of the body.
  try {
    for await (const bytes of request.body) {
      sizeBytes += bytes.byteLength;
      if (sizeBytes > maxBytes) throw bodyTooLarge(maxBytes);
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

function bodyTooLarge(maxBytes: number): StreamError {
  return new StreamError(
    'body-too-large',
    `Expected a body of at most ${maxBytes} bytes, got a larger one. Shorten the message or send it in parts.`,
  );
}

/** Whether brackets outside of strings nest too deep, be the rest JSON or not. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length && depth <= maxDepth; index += 1) {
    const character = text[index];
    if (isInString && character === '\\') index += 1;
    else if (character === '"') isInString = !isInString;
    else if (isInString) continue;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
  }
  return depth > maxDepth;
}
