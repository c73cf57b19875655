// What each error code means: the one table that the server's answers and the client's retries rest on.

interface ErrorMeaning {
  /** HTTP status the code is answered with. */
  readonly status: number;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** Public one-line summary, the same for every occurrence. */
  readonly title: string;
}

/** What each error code means. `http/problem.ts` and the client read this table. */
export const errorTable = {
  'malformed-json': { status: 400, retryable: false, title: 'The body is not valid JSON' },
  'body-incomplete': { status: 400, retryable: true, title: 'The body broke off' },
  'invalid-input': { status: 422, retryable: false, title: 'The request has an invalid value' },
  'cursor-invalid': { status: 400, retryable: false, title: 'The cursor cannot be read' },
  'route-not-found': { status: 404, retryable: false, title: 'There is nothing at this address' },
  'method-not-allowed': { status: 405, retryable: false, title: 'This address does not take that method' },
  'conversation-not-found': { status: 404, retryable: false, title: 'No such conversation' },
  'message-not-found': { status: 404, retryable: false, title: 'No such message' },
  'run-not-found': { status: 404, retryable: false, title: 'No such run' },
  'model-not-found': { status: 422, retryable: false, title: 'No such model' },
  'body-too-large': { status: 413, retryable: false, title: 'The body is too large' },
  'idempotency-key-reused': {
    status: 422,
    retryable: false,
    title: 'This Idempotency-Key was used for another request',
  },
  'host-not-allowed': { status: 403, retryable: false, title: 'This Host is not served here' },
  'origin-not-allowed': { status: 403, retryable: false, title: 'Requests from this origin are refused' },
  'offset-conflict': { status: 409, retryable: true, title: 'The stream has moved on' },
  'offset-expired': { status: 410, retryable: false, title: 'The offset is not kept any more' },
  'stream-deleted': { status: 410, retryable: false, title: 'The stream was deleted' },
  'page-token-invalid': { status: 400, retryable: false, title: 'The page token cannot be read' },
  'lease-lost': { status: 409, retryable: true, title: 'Another writer has taken over' },
  'store-unavailable': { status: 503, retryable: true, title: 'The store cannot be reached' },
  'store-in-use': { status: 503, retryable: true, title: 'The store is in use by another process' },
  'store-unusable': { status: 500, retryable: false, title: 'The store cannot be used' },
  'shutting-down': { status: 503, retryable: true, title: 'The server is shutting down' },
  'conversation-busy': { status: 409, retryable: false, title: 'An answer is still being written' },
  'too-many-runs': { status: 429, retryable: true, title: 'Too many answers are being written' },
  'takeover-limit': { status: 500, retryable: false, title: 'The answer was cut too often' },
  'model-timeout': { status: 504, retryable: true, title: 'The model did not answer in time' },
  'model-failed': { status: 502, retryable: true, title: 'The model failed' },
  'request-failed': { status: 502, retryable: true, title: 'The request failed' },
  'event-too-large': { status: 502, retryable: false, title: 'An event is too large' },
  'event-gap': { status: 500, retryable: true, title: 'Events are missing' },
  'internal-error': { status: 500, retryable: true, title: 'Something went wrong on the server' },
} as const satisfies Record<string, ErrorMeaning>;

/** Stable name of an expected failure, in kebab case: `conversation-not-found`. */
export type ErrorCode = keyof typeof errorTable;

/** Whether `text` is one of the codes above: for reading a problem document from the wire. */
export function isErrorCode(text: unknown): text is ErrorCode {
  return typeof text === 'string' && Object.hasOwn(errorTable, text);
}

/** Whether the call that failed with `code` may succeed later without a change. */
export function isRetryable(code: ErrorCode): boolean {
  return errorTable[code].retryable;
}
