import { describe, expect, it } from 'vitest';
import { isStreamError, messageOf, show, StreamError } from './errors.ts';

describe('StreamError', () => {
  it('carries its code, details and cause', () => {
    const cause = new Error('socket closed');
    const error = new StreamError('store-unavailable', 'Expected an answer.', { details: { tries: 3 }, cause });
    expect(error).toMatchObject({ name: 'StreamError', code: 'store-unavailable', details: { tries: 3 }, cause });
    expect(error.message).toBe('Expected an answer.');
    expect(error).toBeInstanceOf(Error);
  });

  it('has empty details and no cause where none is given', () => {
    const error = new StreamError('event-gap', 'Expected 2.');
    expect(error.details).toEqual({});
    expect('cause' in error).toBe(false);
  });
});

describe('isStreamError', () => {
  const error = new StreamError('run-not-found', '');

  it('tells by the code, where one is given', () => {
    expect(isStreamError(error)).toBe(true);
    expect(isStreamError(error, 'run-not-found')).toBe(true);
    expect(isStreamError(error, 'message-not-found')).toBe(false);
  });

  it('knows the error of another copy of the package', () => {
    const foreign = Object.assign(new Error('x'), { code: 'event-gap', [Symbol.for('verbatim.StreamError')]: true });
    expect(isStreamError(foreign, 'event-gap')).toBe(true);
  });

  it.each([undefined, null, 'event-gap', 7, {}, new Error('x'), { code: 'event-gap' }])('is false of %j', (value) => {
    expect(isStreamError(value)).toBe(false);
    expect(isStreamError(value, 'event-gap')).toBe(false);
  });
});

describe('show', () => {
  it('leaves 80 characters and cuts beyond', () => {
    expect(show('x'.repeat(80))).toBe(`"${'x'.repeat(80)}"`);
    expect(show('x'.repeat(81))).toBe(`"${'x'.repeat(79)}…"`);
    expect(show('x'.repeat(1_000_000))).toHaveLength(82);
  });

  it('puts a space for control characters, so that it stays on one line', () => {
    expect(show('a\r\nb\0c\u001b[31md\u0085e\u007f')).toBe('"a b c [31md e "');
  });

  it.each([
    [{ a: 1 }, '"{"a":1}"'],
    [[1, null], '"[1,null]"'],
    [undefined, '"undefined"'],
    [null, '"null"'],
    [true, '"true"'],
    [Number.NaN, '"NaN"'],
    [-Infinity, '"-Infinity"'],
    [10n, '"10"'],
    [Symbol('s'), '"Symbol(s)"'],
  ])('shows %o as it is', (value, expected) => {
    expect(show(value)).toBe(expected);
  });

  it('does not fail on what has no JSON', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(show(circle)).toBe('"[object Object]"');
    expect(show({ big: 10n })).toBe('"[object Object]"');
  });
});

describe('messageOf', () => {
  it('is the message of an error, and else the value as text', () => {
    expect(messageOf(new TypeError('bad'))).toBe('bad');
    expect(messageOf('thrown text')).toBe('thrown text');
    expect(messageOf(undefined)).toBe('undefined');
  });
});
