import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHeaderValue, toHeaderValue } from './last-event-id.ts';

// fast-check's own unit `binary` is the same, but takes seconds to make.
const codePoint = fc.nat({ max: 0x10_f7_ff }).map((n) => String.fromCodePoint(n < 0xd8_00 ? n : n + 0x8_00));

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
