import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Entry } from '../../log.ts';
import {
  createBlockWriter,
  decodeBlock,
  eachGroup,
  encodeEntries,
  joinGroups,
  openBlock,
  type Group,
  type OpenBlock,
} from './block.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });

function groupsIn(block: OpenBlock): Group[] {
  const groups: Group[] = [];
  eachGroup(block, (group) => groups.push(group));
  return groups;
}

/** Entries of one stream that follow each other, some standing for several offsets, at times that may go back. */
const entries = fc
  .array(
    fc.record({
      type: fc.constantFrom('delta', 'run', 'ü'),
      data: text,
      more: fc.nat(3),
      atMs: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
    }),
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

it('gives back what was encoded', () => {
  fc.assert(
    fc.property(fc.nat(), entries, (stream, given) => {
      const bytes = encodeEntries(stream, given);
      expect(decodeBlock(bytes)).toEqual(given);
      expect(groupsIn(openBlock(bytes))).toMatchObject([
        { stream, first: given[0]?.from, last: given.at(-1)?.offset, atMs: given.at(-1)?.atMs },
      ]);
    }),
  );
});

it('takes streams apart and puts the groups of each together as they were', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ stream: fc.nat(3), count: fc.integer({ min: 1, max: 4 }), data: text })),
      (parts) => {
        const written = new Map<number, Entry[]>();
        const blocks = parts.map(({ stream, count, data }, index) => {
          const before = written.get(stream) ?? [];
          const added = Array.from({ length: count }, (_, n): Entry => {
            const offset = before.length + n + 1;
            return { type: `t${index % 2}`, data: `${data}${n}`, from: offset, offset, atMs: index };
          });
          written.set(stream, [...before, ...added]);
          const writer = createBlockWriter();
          writer.begin(99, 1, 5);
          writer.add({ type: 'other', data: 'beside' });
          writer.begin(stream, before.length + 1, index);
          for (const entry of added) writer.add(entry);
          return openBlock(writer.finish());
        });
        for (const [stream, expected] of written) {
          const groups = blocks.flatMap((block) => groupsIn(block).filter((group) => group.stream === stream));
          expect(decodeBlock(joinGroups(groups))).toEqual(expected);
        }
      },
    ),
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
  expect(decodeBlock(encodeEntries(1, given))).toEqual(given);
});

it('gives bytes with a buffer of their own, as it takes to hand them to another thread', () => {
  const block = encodeEntries(1, [{ type: 't', data: 'a', from: 1, offset: 1, atMs: 0 }]);
  expect(block.buffer.byteLength).toBe(block.byteLength);
});

it('refuses what is cut short or of another version, and never gives half of it', () => {
  const writer = createBlockWriter();
  writer.begin(1, 1, 0);
  writer.add({ type: 't', data: 'first' });
  writer.begin(2, 1, 0);
  writer.add({ type: 't', data: 'second' });
  const whole = writer.finish();
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => decodeBlock(whole.subarray(0, length)), `cut at ${length}`).toThrow('damaged');
  }
  expect(() => decodeBlock(new Uint8Array([2, ...whole.subarray(1)]))).toThrow('damaged');
  expect(() => decodeBlock(new Uint8Array([...whole, 0]))).toThrow('damaged');
});

it('never fails but with its own error on bytes that were changed, and never waits for ever', () => {
  const writer = createBlockWriter();
  for (let stream = 1; stream <= 3; stream += 1) {
    writer.begin(stream, stream * 1_000, 1_700_000_000_000 + stream);
    writer.add({ type: 'delta', data: `é${stream}` });
    writer.add({ type: 'run', data: 'x' }, 5, -7);
  }
  const whole = writer.finish();
  for (let at = 0; at < whole.length; at += 1) {
    for (const bit of [0x01, 0x80]) {
      const changed = whole.slice();
      changed[at] = (changed[at] ?? 0) ^ bit;
      try {
        decodeBlock(changed);
      } catch (error) {
        expect(error, `byte ${at}`).toMatchObject({ code: 'store-unusable' });
      }
    }
  }
});
