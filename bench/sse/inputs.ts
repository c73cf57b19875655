// What is measured on: 100,000 events as the Chat Completions API streams them, the same in each
// run, as five streams that differ in their text, their fields, their line ends and their pieces.
import type { SseEvent } from 'verbatim/sse';
import { createSeededRandom } from 'verbatim/testing';
import { tallyOf, type Tally } from '../support/tally.ts';

export interface Input {
  readonly title: string;
  /** The stream as it arrives. */
  readonly pieces: ReadonlyArray<Uint8Array<ArrayBuffer>>;
  /** The same, decoded. */
  readonly texts: readonly string[];
  readonly events: number;
  readonly sizeBytes: number;
  /** Over each event's `data`. */
  readonly data: Tally;
  /** Over the text of each answer's piece, for those who give the parsed JSON alone. */
  readonly content: Tally;
}

const eventCount = 100_000;
const pieceBytes = 16 * 1024; // The largest TLS record [rfc8446 5.1]: what comes at once from a busy server.

const english =
  'the of and to in that is with for as on by this from are or an be it at streaming server event answer durable cursor reader'
    .split(' ')
    .map((word) => ` ${word}`);
const manyScripts = ['こんにちは', '世界', ' été', '🙂', ' Ω', '流式', ' данные', ' 한국어', ' ответ', 'サーバー'];

const shapes = {
  '16k': { title: '16 kB chunks', words: english, write: writeData, bytes: pieceBytes },
  'one-event': { title: 'one event a chunk', words: english, write: writeData, bytes: undefined },
  'multi-byte': { title: 'multi-byte text, 16 kB chunks', words: manyScripts, write: writeData, bytes: pieceBytes },
  'all-fields': { title: 'id, event and data, 16 kB chunks', words: english, write: writeAll, bytes: pieceBytes },
  crlf: { title: 'CRLF line ends, 16 kB chunks', words: english, write: writeCrlf, bytes: pieceBytes },
} as const;

export type InputName = keyof typeof shapes;

export const inputNames = Object.keys(shapes) as InputName[];

export function buildInput(name: InputName): Input {
  const { title, words, write, bytes } = shapes[name];
  const contents = pick(words);
  const events = toEvents(contents);
  const pieces = bytes === undefined ? events.map((event) => toBytes(write(event))) : cut(events.map(write), bytes);
  const decoder = new TextDecoder();
  return {
    title,
    pieces,
    texts: pieces.map((piece) => decoder.decode(piece, { stream: true })),
    events: events.length,
    sizeBytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
    data: tallyOf(events.map(({ data }) => data.length)),
    content: tallyOf(contents.map((content) => content.length)),
  };
}

/** The events before they are written: in ASCII, or with text in many scripts. */
export function buildEvents(text: 'ascii' | 'multi-byte'): Array<Required<SseEvent>> {
  return toEvents(pick(text === 'ascii' ? english : manyScripts));
}

function pick(words: readonly string[]): string[] {
  const random = createSeededRandom(1);
  return Array.from({ length: eventCount }, () => words[Math.floor(random.float() * words.length)] ?? '');
}

function toEvents(contents: readonly string[]): Array<Required<SseEvent>> {
  const random = createSeededRandom(2);
  const id = `chatcmpl-${random.id(29)}`;
  return contents.map((content, offset) => {
    const chunk = {
      id,
      object: 'chat.completion.chunk',
      created: 1_764_000_000,
      model: 'gpt-4o-2024-08-06',
      service_tier: 'default',
      system_fingerprint: 'fp_44709d6fcb',
      choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
      usage: null,
      // The API pads its chunks so that their sizes do not tell the text.
      obfuscation: random.id(6 + Math.floor(random.float() * 10)),
    };
    return { id: `3.${offset}`, event: 'delta', data: JSON.stringify(chunk) };
  });
}

// Written by hand, so that what is read does not depend on the encoder that is measured.

function writeData({ data }: SseEvent): string {
  return `data: ${data}\n\n`;
}

function writeAll({ id, event, data }: SseEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}

function writeCrlf({ data }: SseEvent): string {
  return `data: ${data}\r\n\r\n`;
}

function cut(blocks: readonly string[], bytes: number): Array<Uint8Array<ArrayBuffer>> {
  const whole = toBytes(blocks.join(''));
  return Array.from({ length: Math.ceil(whole.length / bytes) }, (_, index) =>
    whole.slice(index * bytes, (index + 1) * bytes),
  );
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
