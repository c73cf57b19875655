// The errors that `connect` ends with: what was wrong with an answer, and what was not sent again.
import { isStreamError, messageOf, StreamError } from '../core/errors.ts';

/** What is wrong with an answer that is no event stream; with what its body says. */
export async function explainRefusal({ status, ok, headers, body }: Response, url: URL): Promise<StreamError> {
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

/** What a request that must not be repeated ends with when its answer did not come to an end. */
export function brokenOff(method: string, reason: unknown): StreamError {
  if (isStreamError(reason)) return reason;
  return new StreamError(
    'request-failed',
    `The ${method} broke off (${messageOf(reason)}). Where sending it again is harmless, set idempotent: true.`,
    { cause: reason },
  );
}
