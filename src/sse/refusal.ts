// What `connect` makes of answers that are no event stream, and of what must not be sent again.
import { isStreamError, StreamError } from '../core/errors.ts';
import type { Attempt, AttemptEnd } from './attempt.ts';

/** Where reading what a refusal says stops, in UTF-16 code units. */
const maxReadLength = 16 * 1024; // Chosen: many times a problem document [rfc9457].

/** 408, 425, 429 and 5xx are worth another attempt, after what their Retry-After asks for. */
export async function judgeAnswer(
  { status, ok, headers, body }: Response,
  { url, nowMs }: Attempt,
): Promise<AttemptEnd> {
  // Of an answer that is fine but no event stream the type says enough, and it may never end.
  const text = ok || body === null ? '' : await readText(body);
  const reason = new StreamError(
    'request-failed',
    `Expected an event stream from ${url.origin}${url.pathname}, got ${status} ${headers.get('Content-Type') ?? 'nothing'}: ${JSON.stringify(text.slice(0, 80))}.`,
    { details: { status, body: text } },
  );
  if (status < 500 && ![408, 425, 429].includes(status)) return { type: 'refused', reason };
  return { type: 'lost', reason, retryAfterMs: parseRetryAfter(headers.get('Retry-After') ?? '', nowMs()) };
}

/** The body as far as it comes, up to the end of the piece that reaches the limit: it may be endless, or break off. */
async function readText(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    while (text.length < maxReadLength) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // Cut, or given up by the attempt's signal: what came until then may say enough.
  }
  return text;
}

/** Retry-After in ms: seconds or a date [rfc9110 10.2.3]; undefined where there is none. */
function parseRetryAfter(value: string, nowMs: number): number | undefined {
  const ms = /^[0-9]+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** What a request that must not be repeated ends with when its answer did not come to an end. */
export function brokenOff(method: string, reason: unknown): StreamError {
  if (isStreamError(reason)) return reason;
  return new StreamError(
    'request-failed',
    `The ${method} broke off (${String(reason)}). If it may be repeated, set idempotent: true.`,
    { cause: reason },
  );
}
