// Requests to the API: JSON in and out, problem documents as errors, and retries that are safe
// because every write carries its idempotency key. A server that is silent is not waited for without end.
import { abortable } from '../core/abort.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock, Timer } from '../core/clock.ts';
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

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE' | undefined;
  readonly body?: unknown;
  /** The `Idempotency-Key`. A POST or PATCH without one is never sent twice. */
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

/** How long the server may be silent before its answer, and between two pieces of that, in ms. */
const silenceTimeoutMs = 30_000; // Chosen: far beyond any pause of a server that is at work.
const minUploadBytesPerMs = 32; // Chosen: slower than any network that is of use. A body of 16 MiB gets 9 minutes.
const maxSilentAttempts = 2; // Chosen: they take longer than all the others together; then a person is to be told.

export function createTransport(options: TransportOptions, deps: { clock: Clock; random: Random }): Transport {
  const baseUrl = (options.baseUrl ?? '').replace(/\/$/, '');
  const doFetch: typeof globalThis.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));

  /** One attempt, for as long as something comes of it. */
  async function attempt(path: string, request: ApiRequest): Promise<unknown> {
    request.signal?.throwIfAborted();
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const watch = watchSilence(deps.clock, (body?.length ?? 0) / minUploadBytesPerMs);
    const signal = request.signal === undefined ? watch.signal : AbortSignal.any([request.signal, watch.signal]);
    // At once also where `fetch`, or what gives the headers, does not react to the signal.
    return await abortable<unknown>(signal, (resolve, reject) => {
      exchange(path, { ...request, body, signal, heard: watch.heard }).then(resolve, reject);
      return watch.end;
    });
  }

  async function exchange(path: string, { method = 'GET', body, key, signal, heard }: Exchange): Promise<unknown> {
    const headers = new Headers(await options.headers?.());
    headers.set('Accept', 'application/json');
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    if (key !== undefined) headers.set('Idempotency-Key', key);
    const init: RequestInit = { method, headers, signal };
    if (body !== undefined) init.body = body;
    let response: Response;
    let text: string;
    try {
      response = await doFetch(baseUrl + path, init);
      text = await readText(response, heard);
    } catch (error) {
      signal.throwIfAborted();
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
      const { method = 'GET', key } = request;
      const repeatable = key !== undefined || method === 'GET' || method === 'DELETE';
      let silences = 0;
      for (let tries = 1; ; tries += 1) {
        try {
          return await attempt(path, request);
        } catch (error) {
          if (!isStreamError(error) || !isRetryable(error.code) || !repeatable || tries === maxAttempts) throw error;
          if ('timeoutMs' in error.details) silences += 1;
          if (silences === maxSilentAttempts) throw error;
          await deps.clock.sleep(waitMs(tries, deps.random), { signal: request.signal });
        }
      }
    },
  };
}

interface Exchange extends Pick<ApiRequest, 'method' | 'key'> {
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  /** Called at each sign of life. */
  readonly heard: () => void;
}

/** `signal` aborts when nothing was heard for too long: at the beginning for `extraMs` longer. */
function watchSilence(clock: Clock, extraMs: number) {
  const silence = new AbortController();
  let timer = waitFor(silenceTimeoutMs + extraMs);
  let isOver = false;

  function waitFor(timeoutMs: number): Timer {
    return clock.setTimer(timeoutMs, () => {
      const message = `Expected an answer from the server, got nothing for ${Math.round(timeoutMs / 1_000)} s. Check the connection, then try again.`;
      silence.abort(new StreamError('request-failed', message, { details: { timeoutMs } }));
    });
  }

  return {
    signal: silence.signal,
    heard(): void {
      // What was given up may still be heard of, where `fetch` does not react to the signal.
      if (isOver) return;
      timer.cancel();
      timer = waitFor(silenceTimeoutMs);
    },
    end(): void {
      isOver = true;
      timer.cancel();
    },
  };
}

async function readText({ body }: Response, heard: () => void): Promise<string> {
  heard();
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    heard();
    text += decoder.decode(value, { stream: !done });
    if (done) break;
  }
  return text;
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
