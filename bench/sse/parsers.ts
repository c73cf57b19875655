// Parsers alone: the stream's pieces in, events out of a callback.
import { createParser as createPeer } from 'eventsource-parser';
import { createParser } from 'verbatim/sse';
import type { Contender } from '../support/measure.ts';
import { createCounter, tallyOf, type Counter } from '../support/tally.ts';
import type { Input } from './inputs.ts';

const ours = { bytes: 'verbatim: feed(bytes)', text: 'verbatim: feed(string)' } as const;

export const peerParsers = {
  bytes: 'eventsource-parser: TextDecoder, feed(string)',
  text: 'eventsource-parser: feed(string)',
} as const;

export function parsersOf(input: Input): Contender[] {
  const { pieces, texts, data: expected } = input;
  return [
    { name: ours.bytes, ours: ours.bytes, expected, run: () => pass(pieces, feedBytes) },
    { name: peerParsers.bytes, ours: ours.bytes, expected, run: () => pass(pieces, decodeAndFeedPeer) },
    {
      name: 'TextDecoder alone (the limit)',
      ours: ours.bytes,
      expected: tallyOf(texts.map((text) => text.length)),
      run: () => pass(pieces, decode),
    },
    { name: ours.text, ours: ours.text, expected, run: () => pass(texts, feedText) },
    { name: peerParsers.text, ours: ours.text, expected, run: () => pass(texts, feedPeer) },
  ];
}

function pass<Piece>(pieces: readonly Piece[], start: (counter: Counter) => (piece: Piece) => void) {
  const counter = createCounter();
  const take = start(counter);
  for (const piece of pieces) take(piece);
  return counter.total();
}

// One function a contender, so that each has machine code of its own.

function feedBytes(counter: Counter): (piece: Uint8Array) => void {
  const parser = createParser({ onEvent: ({ data }) => counter.add(data.length) });
  return (piece) => parser.feed(piece);
}

function feedText(counter: Counter): (text: string) => void {
  const parser = createParser({ onEvent: ({ data }) => counter.add(data.length) });
  return (text) => parser.feed(text);
}

function feedPeer(counter: Counter): (text: string) => void {
  const parser = createPeer({ onEvent: ({ data }) => counter.add(data.length) });
  return (text) => parser.feed(text);
}

function decodeAndFeedPeer(counter: Counter): (piece: Uint8Array) => void {
  const decoder = new TextDecoder();
  const parser = createPeer({ onEvent: ({ data }) => counter.add(data.length) });
  return (piece) => parser.feed(decoder.decode(piece, { stream: true }));
}

function decode(counter: Counter): (piece: Uint8Array) => void {
  const decoder = new TextDecoder();
  return (piece) => counter.add(decoder.decode(piece, { stream: true }).length);
}
