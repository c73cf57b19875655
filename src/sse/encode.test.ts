import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codePoint } from '../../test/support/code-point.ts';
import { isStreamError } from '../core/errors.ts';
import { encode, encodeBytes, encodeComment, encodeRetry } from './encode.ts';
import type { SseEvent, SseMessage } from './event.ts';
import { createParser } from './parse.ts';

function parseChunks(chunks: readonly string[]): SseMessage[] {
  const events: SseMessage[] = [];
  const parser = createParser({ onEvent: (message) => events.push(message) });
  for (const chunk of chunks) parser.feed(chunk);
  return events;
}

/** The text cut at the given places, each a fraction of its length. */
function cut(text: string, fractions: readonly number[]): string[] {
  const places = fractions.map((fraction) => Math.floor(fraction * (text.length + 1))).toSorted((a, b) => a - b);
  const bounds = [0, ...places, text.length];
  return bounds.slice(1).map((end, index) => text.slice(bounds[index], end));
}

function refusal(action: () => unknown): string {
  try {
    return `accepted: ${JSON.stringify(action())}`;
  } catch (error) {
    return isStreamError(error) ? error.code : String(error);
  }
}

// What has a meaning on the wire comes often; else anything, lone surrogates too.
const unit = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('\r', '\n', '\r\n', ' ', ':', '\0', '\ufeff', 'data: x', 'id: x', '\n\n') },
  { weight: 2, arbitrary: fc.constantFrom('a', '日', '\ud83d', '\udc1f', '\u2028', '\v') },
  { weight: 1, arbitrary: fc.string({ unit: codePoint, maxLength: 3 }) },
);
const anyText = fc.array(unit, { maxLength: 12 }).map((parts) => parts.join(''));
const fieldText = anyText.map((text) => text.replaceAll(/[\r\n\0]/g, ''));
// oxlint-disable-next-line no-control-regex -- what no header can bring back
const idText = anyText.map((text) => text.replaceAll(/[\0-\x08\n-\x1f\x7f]/g, ''));
const validEvent: fc.Arbitrary<SseEvent> = fc.record(
  { id: idText, event: fieldText.filter((text) => text !== ''), data: anyText },
  { requiredKeys: ['data'] },
);
const splits = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 8 });

describe('[SSE-ENCODE] [SSE-INJECT] encode', () => {
  it('writes id, event and data, each with one space, and a blank line', () => {
    expect(encode({ id: '7', event: 'tick', data: 'hi' })).toBe('id: 7\nevent: tick\ndata: hi\n\n');
  });

  it('writes only what is given', () => {
    expect(encode({ data: '' })).toBe('data: \n\n');
    expect(encode({ id: '', data: 'a' })).toBe('id: \ndata: a\n\n');
    expect(encode({ id: '0', data: 'a' })).toBe('id: 0\ndata: a\n\n');
  });

  it('gives every line of data a field of its own, whatever ends the lines', () => {
    expect(encode({ data: 'a\nb\rc\r\nd' })).toBe('data: a\ndata: b\ndata: c\ndata: d\n\n');
    expect(encode({ data: '\n' })).toBe('data: \ndata: \n\n');
  });

  it('keeps a space at the beginning of the data', () => {
    expect(parseChunks([encode({ data: ' the' })])[0]?.data).toBe(' the');
  });

  it.each(['\x01', 'a\x1fb', '\x7f', '\x0b'])('refuses the id %j, which no header could bring back', (id) => {
    expect(refusal(() => encode({ id, data: '' }))).toBe('invalid-input');
    expect(parseChunks([encode({ event: id, data: id })])).toEqual([{ event: id, data: id, lastEventId: '' }]);
  });

  it('takes a tab in an id, as a header does', () => {
    expect(parseChunks([encode({ id: 'a\tb', data: '' })])[0]?.lastEventId).toBe('a\tb');
  });

  it.each(['\r', '\n', '\0', 'a\nb', '1\r\n', '7\n\ndata: forged'])('refuses %j in id and event', (text) => {
    expect(refusal(() => encode({ id: text, data: '' }))).toBe('invalid-input');
    expect(refusal(() => encode({ event: text, data: '' }))).toBe('invalid-input');
  });

  it('refuses an event name that the receiver would read as "message"', () => {
    expect(refusal(() => encode({ event: '', data: '' }))).toBe('invalid-input');
  });

  it('is read back as it was by the parser, over any split', () => {
    fc.assert(
      fc.property(fc.array(validEvent, { minLength: 1, maxLength: 5 }), splits, (events, places) => {
        const received = parseChunks(cut(events.map((event) => encode(event)).join(''), places));
        let lastEventId = '';
        const expected = events.map((event) => {
          lastEventId = event.id ?? lastEventId;
          return { event: event.event ?? 'message', data: event.data.replaceAll(/\r\n?/g, '\n'), lastEventId };
        });
        expect(received).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('never lets a field make a second event, or one of another id or name', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (id, event, data) => {
        let text: string;
        try {
          text = encode({ id, event, data });
        } catch (error) {
          expect(isStreamError(error, 'invalid-input')).toBe(true);
          // oxlint-disable-next-line no-control-regex -- as above
          expect(event === '' || /[\r\n\0]/.test(event) || /[\0-\x08\n-\x1f\x7f]/.test(id)).toBe(true);
          return;
        }
        const received = parseChunks([text, encode({ data: 'next' })]);
        expect(received).toHaveLength(2);
        expect(received[0]).toMatchObject({ event, lastEventId: id });
        expect(received[1]).toEqual({ event: 'message', data: 'next', lastEventId: id });
      }),
      { numRuns: 500 },
    );
  });
});

describe('encodeBytes', () => {
  it('is the text of encode in UTF-8, and may be joined', () => {
    const decoder = new TextDecoder();
    fc.assert(
      fc.property(validEvent, validEvent, (first, second) => {
        const blocks = [first, second].map((event) => encodeBytes(event));
        expect(decoder.decode(Buffer.concat(blocks))).toBe((encode(first) + encode(second)).toWellFormed());
      }),
    );
  });

  it('refuses what encode refuses', () => {
    expect(refusal(() => encodeBytes({ id: '1\n', data: '' }))).toBe('invalid-input');
    expect(refusal(() => encodeBytes({ event: '', data: '' }))).toBe('invalid-input');
  });
});

describe('[SSE-COMMENT] encodeComment', () => {
  it('is skipped by the receiver, whatever its text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(parseChunks([encodeComment(text), encode({ data: 'a' })])).toEqual([
          { event: 'message', data: 'a', lastEventId: '' },
        ]);
      }),
    );
  });

  it('is a line that begins with a colon', () => {
    expect(encodeComment('heartbeat')).toBe(': heartbeat\n\n');
  });
});

describe('[SSE-RETRY] encodeRetry', () => {
  it('is read back by the receiver', () => {
    const retries: number[] = [];
    const parser = createParser({ onEvent: () => undefined, onRetry: (retryMs) => retries.push(retryMs) });
    for (const retryMs of [0, 1, 1500, Number.MAX_SAFE_INTEGER]) parser.feed(encodeRetry(retryMs));
    expect(retries).toEqual([0, 1, 1500, Number.MAX_SAFE_INTEGER]);
  });

  it.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53, 1e21])('refuses %d', (retryMs) => {
    expect(refusal(() => encodeRetry(retryMs))).toBe('invalid-input');
  });
});
