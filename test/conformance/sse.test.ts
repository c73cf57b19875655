// The parser against the table, at every split of every stream.
import { describe, expect, it } from 'vitest';
import { createParser } from 'verbatim/sse';
import { vectors, type Vector, type WireEvent } from './sse-vectors.ts';

function parse(chunks: ReadonlyArray<Uint8Array | string>) {
  const events: WireEvent[] = [];
  const retries: number[] = [];
  const parser = createParser({
    onEvent: ({ event, data, lastEventId }) => events.push([event, data, lastEventId]),
    onRetry: (retryMs) => retries.push(retryMs),
  });
  for (const chunk of chunks) parser.feed(chunk);
  return { events, cursor: parser.lastEventId, retries };
}

/** The pieces of every way to cut it in two, and of one unit a piece. */
function* cuts(whole: Uint8Array | string): Generator<ReadonlyArray<Uint8Array | string>> {
  for (let at = 0; at <= whole.length; at += 1) yield [whole.slice(0, at), whole.slice(at)];
  yield Array.from({ length: whole.length }, (_, at) => whole.slice(at, at + 1));
}

/** The text of bytes that are valid UTF-8, which can be given decoded too. */
function textOf({ bytes }: Vector): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

for (const vector of vectors) {
  describe(`${vector.rule} ${vector.name}`, () => {
    const { events, cursor, retries, bytes } = vector;
    const expected = { events, cursor, retries };
    const text = textOf(vector);

    it('as bytes: whole, at every split, a byte at a time', () => {
      expect(parse([bytes])).toEqual(expected);
      for (const chunks of cuts(bytes)) expect(parse(chunks), describeChunks(chunks)).toEqual(expected);
    });

    if (text === undefined) return;
    it('as text: whole, at every split, a unit at a time', () => {
      expect(parse([text])).toEqual(expected);
      for (const chunks of cuts(text)) expect(parse(chunks), describeChunks(chunks)).toEqual(expected);
    });
  });
}

function describeChunks(chunks: ReadonlyArray<Uint8Array | string>): string {
  return `in ${chunks.length} pieces, the first of ${chunks[0]?.length}`;
}

// Longer than what the decoder takes by another way, with characters of every width at every place.
it('[SSE-UTF8] a long stream is the same whatever the size of its pieces', () => {
  const value = 'aé日🐟'.repeat(1_000);
  const bytes = new TextEncoder().encode(`data: ${value}\nid: ${value}\n\n`.repeat(3));
  const event: WireEvent = ['message', value, value];
  const expected = { events: [event, event, event], cursor: value, retries: [] };
  for (const size of [1, 2, 3, 4, 4_095, 4_096, 4_097, 4_098, 8_193, bytes.length]) {
    const count = Math.ceil(bytes.length / size);
    const chunks = Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
    expect(parse(chunks), `in pieces of ${size}`).toEqual(expected);
  }
});

describe('the table', () => {
  it('has at least 150 streams, each with a name of its own', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(150);
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
  });
});
