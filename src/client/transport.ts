// Requests to the API: JSON in and out, problem documents as errors, and retries that are safe
// because every write carries its idempotency key.
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { isRetryable } from '../core/error-codes.ts';
import { isStreamError, messageOf, StreamError } from '../core/errors.ts';
import { tryParseJson } from '../core/json.ts';
import { errorOfProblem } from '../core/problem.ts';
import type { Random } from '../core/random.ts';

export interface TransportOptions {
  /** Where the API lives, without `/api`. Default: the page's own origin. */
  readonly baseUrl?: string | undefined;
  /** Asked anew at each attempt, so that a fresh token can be sent. */
  readonly headers?: (() => HeadersInit | Promise<HeadersInit>) | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
}

interface ApiRequest {
  readonly method?: 'GET' | 'POST' | undefined;
  readonly body?: unknown;
  /** The `Idempotency-Key`; a write without one is never sent twice. */
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Transport {
  url(path: string): string;
  readonly headers: TransportOptions['headers'];
  readonly fetch: typeof globalThis.fetch;
  /** The answer's JSON. Errors: the server's code, or `request-failed` where no answer came. */
  request(path: string, request?: ApiRequest): Promise<unknown>;
}

const maxAttempts = 7; // With the waits below 9 to 19 s: longer than a restart takes.
const backoff = { baseMs: 500, maxMs: 4_000 };

export function createTransport(options: TransportOptions, deps: { clock: Clock; random: Random }): Transport {
  const baseUrl = (options.baseUrl ?? '').replace(/\/$/, '');
  const doFetch: typeof globalThis.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));

  async function attempt(path: string, { method = 'GET', body, key, signal }: ApiRequest): Promise<unknown> {
    const headers = new Headers(await options.headers?.());
    headers.set('Accept', 'application/json');
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    if (key !== undefined) headers.set('Idempotency-Key', key);
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (signal !== undefined) init.signal = signal;
    let response: Response;
    let text: string;
    try {
      response = await doFetch(baseUrl + path, init);
      text = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw new StreamError('request-failed', `The server could not be reached: ${messageOf(error)}.`, {
        cause: error,
      });
    }
    const answer = tryParseJson(text);
    if (response.ok) return answer;
    throw errorFrom(response, answer);
  }

  return {
    url: (path) => baseUrl + path,
    headers: options.headers,
    fetch: doFetch,
    async request(path, request = {}) {
      const repeatable = request.method !== 'POST' || request.key !== undefined;
      for (let tries = 1; ; tries += 1) {
        try {
          return await attempt(path, request);
        } catch (error) {
          if (!isStreamError(error) || !isRetryable(error.code) || !repeatable || tries === maxAttempts) throw error;
          await deps.clock.sleep(waitMs(tries, deps.random), { signal: request.signal });
        }
      }
    },
  };
}

/** Half of the back-off for sure and half by chance, so that the tries cover a time that is known. */
function waitMs(tries: number, random: Random): number {
  const ceilingMs = Math.min(backoff.maxMs, backoff.baseMs * 2 ** tries);
  return ceilingMs / 2 + backoffMs(tries, random, backoff) / 2;
}

/** What a refusal means: its problem document where it has one, else its status. */
function errorFrom({ status, statusText }: Response, answer: unknown): StreamError {
  const code = status >= 500 ? 'request-failed' : 'invalid-input';
  const unknown = new StreamError(code, `The server answered ${status} ${statusText}.`, { details: { status } });
  return errorOfProblem(answer, status) ?? unknown;
}
