import fc from 'fast-check';
import { expect, it } from 'vitest';
import { codePoint } from '../../test/support/code-point.ts';
import { fromHeaderValue, toHeaderValue } from './last-event-id.ts';

it('leaves ASCII as it is', () => {
  expect(toHeaderValue('1.42')).toBe('1.42');
  expect(fromHeaderValue('1.42')).toBe('1.42');
});

it('spells every other cursor so that a header can carry it, and reads it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (cursor) => {
      const value = toHeaderValue(cursor);
      expect(/^[\0-\xff]*$/.test(value)).toBe(true);
      expect(fromHeaderValue(value)).toBe(cursor);
    }),
  );
});

it('spells it in UTF-8, as a browser does', () => {
  expect(toHeaderValue('é')).toBe('\xc3\xa9');
});
