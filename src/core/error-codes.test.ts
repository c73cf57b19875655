import { describe, expect, it } from 'vitest';
import { errorTable, isErrorCode, isRetryable } from './error-codes.ts';

describe('the table', () => {
  it.each(Object.entries(errorTable))('%s has a name, a status and a title as they should be', (code, meaning) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(meaning.status).toBeGreaterThanOrEqual(400);
    expect(meaning.status).toBeLessThan(600);
    expect(meaning.title).toMatch(/^[A-Z].*[^.]$/);
    expect(isErrorCode(code)).toBe(true);
  });

  it('holds nothing that every object has', () => {
    for (const text of ['toString', 'constructor', '__proto__', '', 'no-such-code', 404, null]) {
      expect(isErrorCode(text)).toBe(false);
    }
  });
});

describe('isRetryable', () => {
  it('is as the table says', () => {
    expect(isRetryable('store-unavailable')).toBe(true);
    expect(isRetryable('invalid-input')).toBe(false);
  });
});
