// Expected failures: one class, one closed union of codes. Branch on `code`, never on the text.
// What each code means stands in error-codes.ts, which clients of the wire alone need not load.
import type { ErrorCode } from './error-codes.ts';

const brand = Symbol.for('verbatim.StreamError');

/** An expected failure. The message says what was expected, what came and what to do. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: ErrorCode;
  /** Machine-readable particulars, safe to show to the caller. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** Whether `error` is a `StreamError`, of `code` where one is given; also across copies of the package. */
export function isStreamError(error: unknown, code?: ErrorCode): error is StreamError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || ('code' in error && error.code === code);
}

/** The value as it is shown in an error message: one line, at most 80 characters. */
export function show(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? showObject(value) : String(value);
  const line = text.replaceAll(/\p{Cc}+/gu, ' ');
  return line.length <= 80 ? `"${line}"` : `"${line.slice(0, 79)}…"`;
}

function showObject(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    // A circle or a bigint: saying what is wrong must not fail by itself.
    return Object.prototype.toString.call(value);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
