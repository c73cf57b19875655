// Problem documents [rfc9457] as errors again, for whoever receives them.
import { isErrorCode } from './error-codes.ts';
import { StreamError } from './errors.ts';
import { isRecord } from './json.ts';

/** The error that a problem document tells; undefined where it is none of ours. */
export function errorOfProblem(problem: unknown, status: number): StreamError | undefined {
  if (!isRecord(problem) || !isErrorCode(problem['code'])) return undefined;
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : `HTTP ${status}`;
  return new StreamError(problem['code'], detail, { details: { status } });
}
