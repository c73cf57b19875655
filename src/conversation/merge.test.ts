import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mintMessageId } from '../core/ids.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import type { PlacedEvent } from './event.ts';
import { merge } from './merge.ts';

const random = createSeededRandom(4);
const one = mintMessageId(random);
const two = mintMessageId(random);

interface Piece {
  readonly message?: typeof one;
  readonly part?: number;
  readonly text: string;
}

/** Deltas of the pieces in order, each where the text of its part ends; null is another event. */
function write(pieces: ReadonlyArray<Piece | null>): PlacedEvent[] {
  const lengths = new Map<string, number>();
  return pieces.map((piece, index) => {
    const place = { from: index + 1, offset: index + 1 };
    if (piece === null) return { ...place, event: { type: 'unknown' } };
    const { message = one, part = 0, text } = piece;
    const at = lengths.get(`${message}/${part}`) ?? 0;
    lengths.set(`${message}/${part}`, at + text.length);
    return { ...place, event: { type: 'delta', message, part, at, text } };
  });
}

const piece = fc.option(
  fc.record({ message: fc.constantFrom(one, two), part: fc.nat(1), text: fc.string({ maxLength: 3 }) }),
  { freq: 6 },
);
const written = fc.array(piece, { maxLength: 40 }).map(write);

describe('merge', () => {
  it('makes 5,000 deltas of one part one', () => {
    const text = 'abcdefghij'.repeat(500);
    const event = { type: 'delta', message: one, part: 0, at: 0, text } as const;
    expect(merge(write(text.split('').map((letter) => ({ text: letter }))))).toEqual([
      { from: 1, offset: 5_000, event },
    ]);
  });

  it('[CONV-MERGE] lets the beginning of a part take in its deltas, with the last mark', () => {
    const value = { type: 'reasoning', text: 'ab' } as const;
    const begun = { type: 'part', message: one, part: 2, value, mark: '1' } as const;
    const delta = { type: 'delta', message: one, part: 2, at: 2, text: 'cd', mark: '2' } as const;
    const events = [begun, delta, { ...delta, at: 4, mark: undefined }];
    expect(merge(events.map((event, index) => ({ from: index + 1, offset: index + 1, event })))).toEqual([
      { from: 1, offset: 3, event: { ...begun, value: { ...value, text: 'abcdcd' }, mark: '2' } },
    ]);
    const apart = [
      begun,
      { ...delta, at: 1 },
      { ...begun, part: 3, value: { type: 'source', url: '' } as const },
      { ...delta, part: 3, at: 0 },
    ];
    expect(merge(apart.map((event, index) => ({ from: index + 1, offset: index + 1, event })))).toHaveLength(4);
  });

  it('brings the halves of a surrogate pair together', () => {
    const [high = '', low = ''] = '🐟'.split('');
    expect(merge(write([{ text: high }, { text: low }]))[0]?.event).toMatchObject({ text: '🐟' });
  });

  it.each([
    { name: 'of another message', pieces: [{ text: 'a' }, { message: two, text: 'b' }] },
    { name: 'of another part', pieces: [{ text: 'a' }, { part: 1, text: 'b' }] },
    { name: 'with another event between', pieces: [{ text: 'a' }, null, { text: 'b' }] },
  ])('leaves deltas apart: $name', ({ pieces }) => {
    expect(merge(write(pieces))).toEqual(write(pieces));
  });

  it('does not hide a gap, neither of offsets nor of text', () => {
    const events = write([{ text: 'a' }, { text: 'b' }, { text: 'c' }]);
    const offsetsMissing = events.filter((_event, index) => index !== 1);
    expect(merge(offsetsMissing)).toEqual(offsetsMissing);
    const textMissing = offsetsMissing.map((placed, index) => ({ ...placed, from: index + 1, offset: index + 1 }));
    expect(merge(textMissing)).toEqual(textMissing);
  });

  it('covers every offset once, in order, and leaves its input as it was', () => {
    fc.assert(
      fc.property(written, (events) => {
        const before = structuredClone(events);
        const merged = merge(events);
        expect(events).toEqual(before);
        let offset = 0;
        for (const placed of merged) {
          expect(placed.from).toBe(offset + 1);
          expect(placed.offset).toBeGreaterThanOrEqual(placed.from);
          offset = placed.offset;
        }
        expect(offset).toBe(events.length);
      }),
    );
  });

  it('leaves no two that could be one, so that merging again changes nothing', () => {
    fc.assert(
      fc.property(written, (events) => {
        const merged = merge(events);
        expect(merge(merged)).toEqual(merged);
        for (const [index, { event }] of merged.entries()) {
          const after = merged[index + 1]?.event;
          if (event.type !== 'delta' || after?.type !== 'delta') continue;
          expect([after.message, after.part]).not.toEqual([event.message, event.part]);
        }
      }),
    );
  });

  it('may be done in pieces, in any grouping', () => {
    fc.assert(
      fc.property(written, fc.nat(40), (events, at) => {
        expect(merge([...merge(events.slice(0, at)), ...merge(events.slice(at))])).toEqual(merge(events));
      }),
    );
  });
});
