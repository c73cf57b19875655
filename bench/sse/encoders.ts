// Encoders: events in, the stream's text or bytes out.
import { encode, encodeBytes, type SseEvent } from 'verbatim/sse';
import type { Contender } from '../support/measure.ts';
import { createCounter, type Tally } from '../support/tally.ts';
import { buildEvents } from './inputs.ts';

type Event = Required<SseEvent>;

export interface EventsToEncode {
  readonly distinct: readonly Event[];
  /** Of a pass, repeats included. */
  readonly events: number;
  readonly sizeBytes: number;
}

const ours = { text: 'verbatim: encode', bytes: 'verbatim: encodeBytes' } as const;
const repeats = 100;

/** Few, again and again: a server has few at a time, and many would be what the collector works on. */
export function eventsToEncode(text: 'ascii' | 'multi-byte'): EventsToEncode {
  const distinct = buildEvents(text).slice(0, 1_000);
  const sizeBytes = distinct.reduce((sum, event) => sum + sizeOf(event), 0) * repeats;
  return { distinct, events: distinct.length * repeats, sizeBytes };
}

export function encodersOf({ distinct }: EventsToEncode): Contender[] {
  const textEncoder = new TextEncoder();
  const text = countEach(distinct, (event) => unsafeTemplate(event).length);
  const bytes = countEach(distinct, sizeOf);
  return [
    { name: ours.text, ours: ours.text, expected: text, run: () => countText(distinct, encode) },
    {
      name: 'template string (unsafe)',
      ours: ours.text,
      expected: text,
      run: () => countText(distinct, unsafeTemplate),
    },
    { name: ours.bytes, ours: ours.bytes, expected: bytes, run: () => countBytes(distinct, encodeBytes) },
    {
      name: 'template string, TextEncoder (unsafe)',
      ours: ours.bytes,
      expected: bytes,
      run: () => countBytes(distinct, (event) => textEncoder.encode(unsafeTemplate(event))),
    },
  ];
}

/** Unsafe: a line end in a field or in the data breaks the stream, or forges an event. */
function unsafeTemplate({ id, event, data }: Event): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}

function sizeOf(event: Event): number {
  return Buffer.byteLength(unsafeTemplate(event));
}

function countText(events: readonly Event[], write: (event: Event) => string): Tally {
  return countEach(events, (event) => {
    const block = write(event);
    // Reading a character makes the engine join the pieces, which writing to a socket would do too.
    return block.charCodeAt(block.length - 1) === 0x0a ? block.length : -1;
  });
}

function countBytes(events: readonly Event[], write: (event: Event) => Uint8Array): Tally {
  return countEach(events, (event) => write(event).length);
}

function countEach(events: readonly Event[], lengthOf: (event: Event) => number): Tally {
  const counter = createCounter();
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const event of events) counter.add(lengthOf(event));
  }
  return counter.total();
}
