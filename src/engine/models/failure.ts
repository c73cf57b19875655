// What went wrong at a provider, as an error that a person can act on and the engine can decide by:
// its own words without any key in them, and whether asking again may help.
import { messageOf, StreamError } from '../../core/errors.ts';
import { isRecord, tryParseJson } from '../../core/json.ts';

/** Who failed, and what must not be told of them. */
export interface FailureSource {
  /** Such as `openai at api.openai.com`. */
  readonly name: string;
  readonly apiKey?: string | undefined;
}

const maxReasonLength = 500; // Chosen: some providers answer with whole pages.

/** `error` as `model-failed`. The error itself is not its cause: it may quote keys and the conversation. */
export function modelFailed(error: unknown, { name, apiKey }: FailureSource): StreamError {
  const status = statusOf(error);
  const retryAfterMs = isRecord(error) ? retryAfterMsOf(error['responseHeaders']) : undefined;
  const shown = status === undefined ? '' : ` (HTTP ${status})`;
  const reason = withoutSecrets(reasonOf(error), apiKey).slice(0, maxReasonLength);
  return new StreamError('model-failed', `${name} failed${shown}: ${reason}`, {
    details: {
      isTransient: isTransient(error, status),
      ...(status === undefined ? {} : { status }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  });
}

/** What an answer that was refused says of itself, in the form of the AI SDK's errors. */
export async function refusalOf(response: Response): Promise<Error> {
  const body = await response.text().catch(() => '');
  // What is no JSON is a page of a proxy's, most likely; its text has to do.
  const error = tryParseJson(body) ?? (body || response.statusText);
  const responseHeaders = Object.fromEntries(response.headers);
  return Object.assign(new Error(reasonOf(error)), { statusCode: response.status, responseHeaders, error });
}

/** The provider's own words, wherever they are: an Error, `{message}`, `{error: {message}}`, or text. */
function reasonOf(error: unknown): string {
  if (error instanceof Error) {
    // "fetch failed" says nothing; what failed is its cause, and often that one's.
    const messages = causesOf(error).map(({ message }) => message);
    return messages.filter((message, at) => !messages.slice(0, at).some((told) => told.includes(message))).join(': ');
  }
  if (!isRecord(error)) return messageOf(error);
  if (typeof error['message'] === 'string') return error['message'];
  return 'error' in error ? reasonOf(error['error']) : JSON.stringify(error);
}

/** Of an answer in HTTP, or as told in the middle of a stream, where HTTP's own was 200. */
function statusOf(error: unknown): number | undefined {
  if (!isRecord(error)) return undefined;
  // That of an answer which breaks off later is 200.
  const codes = [error['statusCode'], error['code']].map(Number);
  return codes.find((code) => code >= 400 && code < 600);
}

const transientStatuses: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** What OpenAI and Anthropic call, in the middle of a stream, what passes. */
const transientNames = /overloaded|rate_limit|server_error|api_error|timeout|unavailable/;

function isTransient(error: unknown, status: number | undefined): boolean {
  // [OpenAI, error codes]: 429 as well, but no waiting helps where the account has nothing left.
  if (namesOf(error).includes('insufficient_quota')) return false;
  if (status !== undefined) return transientStatuses.has(status) || status >= 500;
  if (isRecord(error) && error['isRetryable'] === true) return true;
  return hasBrokenOff(error) || transientNames.test(namesOf(error));
}

/** Whether the network failed: what Node's fetch throws, and what is made of an end without an end. */
function hasBrokenOff(error: unknown): boolean {
  return causesOf(error).some(
    (cause, at) =>
      (at > 0 && 'code' in cause) || /terminated|fetch failed|broke off|without a finish reason/.test(cause.message),
  );
}

const maxCauses = 5; // Chosen: one that is its own cause must not hang us.

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error && causes.length < maxCauses; cause = cause.cause) causes.push(cause);
  return causes;
}

function namesOf(error: unknown): string {
  if (!isRecord(error)) return '';
  const names = [error['type'], error['code'], error['status']].filter((name) => typeof name === 'string');
  const inner = [error['error'], error['data']].map((value) => namesOf(value));
  return [...names, ...inner].join(' ');
}

/** [rfc9110 10.2.3] in seconds or as a date, which is measured by the provider's own clock; OpenAI's in ms. */
function retryAfterMsOf(headers: unknown): number | undefined {
  if (!isRecord(headers)) return undefined;
  const { 'retry-after-ms': inMs, 'retry-after': after, date } = headers;
  const candidates = [
    inMs === undefined ? Number.NaN : Number(inMs),
    after === undefined ? Number.NaN : Number(after) * 1_000,
    Date.parse(String(after)) - Date.parse(String(date)),
  ];
  return candidates.find((ms) => ms >= 0);
}

const keyWindow = 6; // Chosen: shorter pieces of a key are found in ordinary words.

/** Providers quote keys in their errors, whole or in part. */
function withoutSecrets(text: string, apiKey = ''): string {
  // [OpenAI, Anthropic] begin theirs with sk-, [Google] with AIza.
  const known = text.replaceAll(/\b(?:sk-|AIza)[\w*.…-]{4,}/g, '[key]').replaceAll(/\bBearer\s+\S+/gi, 'Bearer [key]');
  // What is shorter is made up, for endpoints that want any.
  if (apiKey.length < 2 * keyWindow) return known;
  const pieces = Array.from({ length: apiKey.length - keyWindow + 1 }, (_, at) => apiKey.slice(at, at + keyWindow));
  return known
    .replaceAll(apiKey, '[key]')
    .replaceAll(/[\w*.…-]{6,}/g, (word) => (pieces.some((piece) => word.includes(piece)) ? '[key]' : word));
}
