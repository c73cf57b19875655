// Many entries as one piece of bytes: what a commit writes into the journal, and what a page holds.
// A line of JSON with the numbers, then the data of all entries, joined: encoded and decoded at once,
// where a row or a buffer for each would cost more than all else together.
import { StreamError } from '../../../core/errors.ts';
import { isRecord, tryParseJson } from '../../../core/json.ts';
import type { Entry } from '../../log.ts';

const version = 1;

/** What the first line holds. */
interface Header {
  readonly v: number;
  /** The types of entries, each once. */
  readonly types: readonly string[];
  /**
   * For each group of entries of one stream that follow each other: stream, count, the first's `from`
   * and `atMs`; then for each entry: the length of its data in UTF-16 code units, the index of its
   * type, how many offsets more than one it stands for, and how many ms after the group's first it
   * was written.
   */
  readonly n: readonly number[];
}

const headNumbers = 4;
const entryNumbers = 4;
const lineEnd = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Makes a block entry by entry. */
export interface BlockWriter {
  /** What is added next belongs to the stream, begins at the offset, and was written at that time. */
  begin(stream: number, from: number, atMs: number): void;
  /** An entry that stands for one offset, or for `more` beside. */
  add(entry: { readonly type: string; readonly data: string }, more?: number, laterMs?: number): void;
  /** The bytes. They have a buffer of their own, which may be handed to another thread. */
  finish(): Uint8Array<ArrayBuffer>;
}

export function createBlockWriter(): BlockWriter {
  const types: string[] = [];
  const numbers: number[] = [];
  let text = '';
  let countAt = 0;

  return {
    begin(stream, from, atMs) {
      countAt = numbers.push(stream, 0, from, atMs) - headNumbers + 1;
    },
    add({ type, data }, more = 0, laterMs = 0) {
      let typeIndex = types.indexOf(type);
      if (typeIndex === -1) typeIndex = types.push(type) - 1;
      numbers[countAt] = (numbers[countAt] ?? 0) + 1;
      numbers.push(data.length, typeIndex, more, laterMs);
      text += data;
    },
    finish: () => bytesOf({ v: version, types, n: numbers }, text),
  };
}

function bytesOf(header: Header, text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify(header)}\n${text}`);
}

/** The bytes of entries of one stream that follow each other. */
export function encodeEntries(stream: number, entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const writer = createBlockWriter();
  const [first] = entries;
  if (first !== undefined) writer.begin(stream, first.from, first.atMs);
  for (const entry of entries) writer.add(entry, entry.offset - entry.from, entry.atMs - (first?.atMs ?? 0));
  return writer.finish();
}

/** Entries of one stream within a block. */
export interface Group {
  readonly block: OpenBlock;
  readonly stream: number;
  /** The first offset that they cover. */
  readonly first: number;
  /** The last. */
  readonly last: number;
  /** When the last was written. */
  readonly atMs: number;
  /** Where their numbers are, those of the group before them, and where they end. */
  readonly start: number;
  readonly end: number;
  /** Where their data is in the block's text, and how long it is, in UTF-16 code units. */
  readonly textStart: number;
  readonly textLength: number;
}

/** A block, taken apart so far that its groups are known. */
export interface OpenBlock {
  readonly sizeBytes: number;
  readonly types: readonly string[];
  readonly numbers: readonly number[];
  readonly groups: readonly Group[];
  readonly text: string;
}

/** Errors: `store-unusable` where the bytes are damaged or newer. */
export function openBlock(bytes: Uint8Array): OpenBlock {
  const headerLength = bytes.indexOf(lineEnd);
  const { types, n: numbers } = parseHeader(decoder.decode(bytes.subarray(0, Math.max(headerLength, 0))));
  const groups: Group[] = [];
  const text = decoder.decode(bytes.subarray(headerLength + 1));
  const block: OpenBlock = { sizeBytes: bytes.length, types, numbers, groups, text };
  let textLength = 0;
  for (let start = 0; start < numbers.length;) {
    const group = readGroup(block, start, textLength);
    groups.push(group);
    textLength += group.textLength;
    start = group.end;
  }
  if (textLength !== text.length) throw damaged();
  return block;
}

function readGroup(block: OpenBlock, start: number, textStart: number): Group {
  const { numbers, types } = block;
  const first = numbers[start + 2] ?? NaN;
  const end = start + headNumbers + (numbers[start + 1] ?? NaN) * entryNumbers;
  let last = first - 1;
  let textLength = 0;
  for (let at = start + headNumbers; at < end; at += entryNumbers) {
    if (types[numbers[at + 1] ?? NaN] === undefined) throw damaged();
    last += 1 + (numbers[at + 2] ?? NaN);
    textLength += numbers[at] ?? NaN;
  }
  const atMs = (numbers[start + 3] ?? NaN) + (numbers[end - 1] ?? NaN);
  if (!(end <= numbers.length) || Number.isNaN(last + textLength + atMs)) throw damaged();
  return { block, stream: numbers[start] ?? NaN, first, last, atMs, start, end, textStart, textLength };
}

/** The group's entries. */
export function entriesOf({ block, start, end, first, textStart }: Group): Entry[] {
  const { numbers, types, text } = block;
  const firstAtMs = numbers[start + 3] ?? 0;
  const entries: Entry[] = [];
  let from = first;
  let textAt = textStart;
  for (let at = start + headNumbers; at < end; at += entryNumbers) {
    const textEnd = textAt + (numbers[at] ?? 0);
    const offset = from + (numbers[at + 2] ?? 0);
    const type = types[numbers[at + 1] ?? 0] ?? '';
    entries.push({ type, data: text.slice(textAt, textEnd), from, offset, atMs: firstAtMs + (numbers[at + 3] ?? 0) });
    from = offset + 1;
    textAt = textEnd;
  }
  return entries;
}

/** All entries of a block. Errors: `store-unusable`. */
export function decodeBlock(bytes: Uint8Array): Entry[] {
  return openBlock(bytes).groups.flatMap(entriesOf);
}

/** The groups as one block, without taking their entries apart. */
export function joinGroups(groups: readonly Group[]): Uint8Array<ArrayBuffer> {
  const types: string[] = [];
  const numbers: number[] = [];
  let text = '';
  for (const { block, start, end, textStart, textLength } of groups) {
    const given = block.numbers;
    const names = renameTypes(types, block.types);
    for (let at = start; at < start + headNumbers; at += 1) numbers.push(given[at] ?? 0);
    for (let at = start + headNumbers; at < end; at += entryNumbers) {
      const type = given[at + 1] ?? 0;
      numbers.push(given[at] ?? 0, names?.[type] ?? type, given[at + 2] ?? 0, given[at + 3] ?? 0);
    }
    text += block.text.slice(textStart, textStart + textLength);
  }
  return bytesOf({ v: version, types, n: numbers }, text);
}

/** Adds the types that are new, and gives each one's index; null where they keep theirs. */
function renameTypes(types: string[], added: readonly string[]): number[] | null {
  if (types.length === 0) types.push(...added);
  if (added.every((type, index) => types[index] === type)) return null;
  return added.map((type) => {
    const known = types.indexOf(type);
    return known === -1 ? types.push(type) - 1 : known;
  });
}

function parseHeader(line: string): Header {
  const header = tryParseJson(line);
  if (!isRecord(header) || header['v'] !== version) throw damaged();
  const { types, n } = header;
  if (!Array.isArray(types) || !Array.isArray(n)) throw damaged();
  // Its numbers are checked where they are used.
  if (!types.every((type) => typeof type === 'string')) throw damaged();
  return { v: version, types, n };
}

function damaged(): StreamError {
  return new StreamError(
    'store-unusable',
    'Expected a block of entries as this version writes it, but the store holds something else: it is damaged. Restore a backup.',
  );
}
