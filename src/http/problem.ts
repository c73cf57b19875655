// Failures as problem documents [rfc9457]: the only place where a code becomes a status.
import { errorTable } from '../core/error-codes.ts';
import { isStreamError, StreamError } from '../core/errors.ts';

/** The answer for anything that was thrown. What is not expected shows nothing of its inside. */
export function problemOf(error: unknown, headers: Record<string, string> = {}): Response {
  const known = isStreamError(error)
    ? error
    : new StreamError('internal-error', 'The server failed to handle this. It was logged; try again.');
  const { status, title } = errorTable[known.code];
  // Of these some time is what mends them.
  const wait = status === 429 || status === 503 ? { 'Retry-After': '1' } : {};
  const body = { type: 'about:blank', title, status, code: known.code, detail: known.message };
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store', ...wait, ...headers },
  });
}
