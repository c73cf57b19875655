import { expect, it } from 'vitest';
import { modelFailed } from './failure.ts';

const apiKey = 'my-own-key-0123456789';
const failed = (error: unknown) => modelFailed(error, { name: 'openai at example.com', apiKey });

it.each([
  [`Wrong key ${apiKey}.`, 'Wrong key [key]'],
  ['Wrong key my-own-k****6789.', 'Wrong key [key]'],
  ['Wrong key ****456789', 'Wrong key [key]'],
  ['Wrong key sk-proj-abc…wxyz', 'Wrong key [key]'],
  ['Wrong key AIzaSyA0123', 'Wrong key [key]'],
  ['Sent Authorization: Bearer abc.def', 'Sent Authorization: Bearer [key]'],
  ['Key ownership is not the key.', 'Key ownership is not the key.'],
])('takes the key out of %j', (message, expected) => {
  expect(failed(new Error(message)).message).toContain(expected);
  expect(failed({ error: { message } }).message).toContain(expected);
});

it('leaves words alone where the key is one that is made up', () => {
  expect(modelFailed('no ollama model', { name: 'ollama', apiKey: 'ollama' }).message).toBe(
    'ollama failed: no ollama model',
  );
});

it('cuts what is too long, and has no cause, which might quote the key', () => {
  const error = failed(new Error('long '.repeat(1_000)));
  expect(error.message.length).toBeLessThan(600);
  expect(error.cause).toBeUndefined();
});

it.each([
  [{ statusCode: 503 }, true],
  [{ statusCode: 408 }, true],
  [{ statusCode: 425 }, true],
  [{ statusCode: 400, isRetryable: true }, false],
  [{ statusCode: 429, error: { error: { message: 'No money', code: 'insufficient_quota' } } }, false],
  [{ message: 'Overloaded', type: 'overloaded_error' }, true],
  [{ message: 'Bad', type: 'invalid_request_error' }, false],
  [new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }) }), true],
  [new Error('It does not take pictures.'), false],
])('%j passes: %j', (error, isTransient) => {
  expect(failed(error).details['isTransient']).toBe(isTransient);
});

it.each([
  [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': 'Wed, 25 Nov 2026 10:00:30 GMT', date: 'Wed, 25 Nov 2026 10:00:00 GMT' }, 30_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
])('reads how long to wait from %j', (responseHeaders, expected) => {
  expect(failed({ statusCode: 429, responseHeaders }).details['retryAfterMs']).toBe(expected);
});

it('tells the whole chain of causes once', () => {
  const cause = new Error('other side closed');
  const error = new Error('No answer: terminated', { cause: new Error('terminated', { cause }) });
  expect(failed(error).message).toBe('openai at example.com failed: No answer: terminated: other side closed');
});
