// What `connect` makes of answers that are no event stream, and of what must not be sent again.
import { isStreamError, StreamError } from '../core/errors.ts';
import type { Attempt, AttemptEnd } from './attempt.ts';

/** 408, 425, 429 and 5xx are worth another attempt, after what their Retry-After asks for. */
export async function judgeAnswer(response: Response, { url, nowMs }: Attempt): Promise<AttemptEnd> {
  const { status, headers } = response;
  const reason = await explain(response, url);
  if (status < 500 && ![408, 425, 429].includes(status)) return { type: 'refused', reason };
  return { type: 'lost', reason, retryAfterMs: parseRetryAfter(headers.get('Retry-After') ?? '', nowMs()) };
}

/** What is wrong with an answer that is no event stream; with what its body says. */
async function explain({ status, ok, headers, body }: Response, url: URL): Promise<StreamError> {
  // Of an answer that is fine but no event stream the type says enough, and it may never end. Of
  // another the first piece holds a problem document whole; nothing is lost where it broke off.
  const reader = ok ? undefined : body?.getReader();
  const piece = await reader?.read().catch(() => undefined);
  const text = new TextDecoder().decode(piece?.value);
  const type = headers.get('Content-Type') ?? 'nothing';
  return new StreamError(
    'request-failed',
    `Expected an event stream from ${url.origin}${url.pathname}, got ${status} ${type}: ${JSON.stringify(text.slice(0, 80))}.`,
    { details: { status, body: text } },
  );
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
    `The ${method} broke off (${String(reason)}). Where sending it again is harmless, set idempotent: true.`,
    { cause: reason },
  );
}
