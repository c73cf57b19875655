import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteReader, createByteWriter } from './bytes.ts';

it('gives back every number, in the order in which they were written, whatever the room at first', () => {
  const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
  const signed = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -(2 ** 51), max: 2 ** 51 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(number, signed)), fc.nat(4), (pairs, sizeBytes) => {
      const writer = createByteWriter(sizeBytes);
      for (const [natural, whole] of pairs) {
        writer.number(natural);
        writer.signed(whole);
      }
      const bytes = writer.written();
      const reader = new ByteReader(bytes, { start: 0, end: bytes.length });
      for (const [natural, whole] of pairs) expect([reader.number(), reader.signed()]).toEqual([natural, whole]);
      expect(reader.number()).toBeNaN();
    }),
  );
});

it('takes a byte for a number below 128', () => {
  const writer = createByteWriter(0);
  for (const value of [0, 127, 128, 16_383, 16_384]) writer.number(value);
  expect([...writer.written()]).toEqual([0, 127, 0x80, 1, 0xff, 127, 0x80, 0x80, 1]);
});

it('says how many bytes a text takes, and begins anew', () => {
  const writer = createByteWriter(1);
  expect(['', 'a', 'é', '苹', '🚀'].map((text) => writer.text(text))).toEqual([0, 1, 2, 3, 4]);
  expect(new TextDecoder().decode(writer.written())).toBe('aé苹🚀');
  writer.clear();
  writer.number(1);
  writer.mark(0, 6);
  expect([...writer.written()]).toEqual([7]);
  expect(writer.size).toBe(1);
});
