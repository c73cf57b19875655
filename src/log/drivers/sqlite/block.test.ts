import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Entry } from '../../log.ts';
import { decodeBlock, encodeBlock, type Group } from './block.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });

/** Entries of one stream that follow each other, some standing for several offsets, at times that may go back. */
const entries = fc
  .array(
    fc.record({ type: fc.constantFrom('delta', 'run', 'ü'), data: text, more: fc.nat(3), atMs: fc.nat(2 ** 45) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((parts) => {
    let offset = 0;
    return parts.map(({ type, data, more, atMs }): Entry => {
      const from = offset + 1;
      offset = from + more;
      return { type, data, from, offset, atMs };
    });
  });

const groups: fc.Arbitrary<Group[]> = fc.array(fc.record({ stream: fc.nat(), entries }), { maxLength: 5 });

it('gives back what was encoded', () => {
  fc.assert(
    fc.property(groups, (given) => {
      expect(decodeBlock(encodeBlock(given))).toEqual(given);
    }),
  );
});

it('keeps a byte order mark, NUL and line breaks in the data', () => {
  const given = ['\ufeffa', '\0', 'x\n{"v":1}\n', ''].map((data, index) => ({
    type: 't',
    data,
    from: index + 1,
    offset: index + 1,
    atMs: 5,
  }));
  expect(decodeBlock(encodeBlock([{ stream: 1, entries: given }]))).toEqual([{ stream: 1, entries: given }]);
});

it('gives bytes with a buffer of their own, as it takes to hand them to another thread', () => {
  const block = encodeBlock([{ stream: 1, entries: [{ type: 't', data: 'a', from: 1, offset: 1, atMs: 0 }] }]);
  expect(block.buffer.byteLength).toBe(block.byteLength);
});

it('refuses what is cut short or of another version, and never gives half of it', () => {
  const whole = encodeBlock([
    { stream: 1, entries: [{ type: 't', data: 'first', from: 1, offset: 1, atMs: 0 }] },
    { stream: 2, entries: [{ type: 't', data: 'second', from: 1, offset: 1, atMs: 0 }] },
  ]);
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => decodeBlock(whole.subarray(0, length)), `cut at ${length}`).toThrow('damaged');
  }
  expect(() => decodeBlock(new TextEncoder().encode('{"v":2,"types":[],"n":[]}\n'))).toThrow('damaged');
  expect(() => decodeBlock(new TextEncoder().encode('{"v":1,"types":[],"n":["1"]}\n'))).toThrow('damaged');
});
