// Many entries as one piece of bytes: what a commit writes into the journal, and what a page holds.
// First all that is said of the entries, then their data, joined: so that streams can be taken apart
// and put together as bytes, and nothing is made for a single entry before somebody reads it.
//
//   version (1 byte), length of the head (4 bytes, little-endian), head, data
//   head: count of types, each as its length and its bytes in UTF-8; time (signed); then groups up to its end
//   group: stream, count of entries, first offset, ms after the head's time (signed), then entries
//   entry: bytes of its data in UTF-8; 4 × its type's index, + 2 where it stands for several offsets,
//     + 1 where it was written at another time than its group's first; in that order how many offsets
//     more, and how many ms later (signed)
import { StreamError } from '../../../core/errors.ts';
import type { Entry, NewEntry } from '../../log.ts';
import { ByteReader, createByteWriter, type ByteWriter } from './bytes.ts';

const version = 1;
const prefixBytes = 5;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Makes a block entry by entry. */
export interface BlockWriter {
  /** What is added next belongs to the stream, begins at the offset, and was written at that time. */
  begin(stream: number, from: number, atMs: number): void;
  /** An entry that stands for one offset, or for `more` beside. */
  add(entry: NewEntry, more?: number, laterMs?: number): void;
  /** The bytes. They have a buffer of their own, which may be handed to another thread. */
  finish(): Uint8Array<ArrayBuffer>;
}

const headNumbers = 4;
const entryNumbers = 4;

export function createBlockWriter(): BlockWriter {
  const types: string[] = [];
  // For each group stream, count, from, atMs; for each entry length, type, more, laterMs.
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
    finish() {
      // Nearly always all is ASCII: as many bytes as code units, and nothing is copied twice.
      const head = headOf(types, numbers);
      const block = newBlock(head, text.length);
      const { read, written } = encoder.encodeInto(text, block.subarray(block.length - text.length));
      if (read === text.length && written === text.length) return block;
      return blockOf(headOf(types, numbers, utf8Sizes(text)), encoder.encode(text));
    },
  };
}

/** `sizeOf` gives an entry's size by its length; one after another. */
function headOf(types: readonly string[], numbers: readonly number[], sizeOf = (length: number) => length): Uint8Array {
  const firstAtMs = numbers[headNumbers - 1] ?? 0;
  const head = beginHead(types, { atMs: firstAtMs, sizeBytes: numbers.length * 2 });
  for (let at = 0; at < numbers.length;) {
    const count = numbers[at + 1] ?? 0;
    const atMs = (numbers[at + 3] ?? 0) - firstAtMs;
    writeGroupHead(head, { stream: numbers[at] ?? 0, count, first: numbers[at + 2] ?? 0, atMs });
    at += headNumbers;
    for (const end = at + count * entryNumbers; at < end; at += entryNumbers) {
      writeEntry(head, {
        sizeBytes: sizeOf(numbers[at] ?? 0),
        type: numbers[at + 1] ?? 0,
        more: numbers[at + 2] ?? 0,
        laterMs: numbers[at + 3] ?? 0,
      });
    }
  }
  return head.finish();
}

/** Gives the size in UTF-8 of one piece of the text after another, by its length in UTF-16 code units. */
function utf8Sizes(text: string): (length: number) => number {
  let at = 0;
  return (length) => Buffer.byteLength(text.slice(at, (at += length)));
}

function beginHead(types: readonly string[], { atMs, sizeBytes }: { atMs: number; sizeBytes: number }): ByteWriter {
  const head = createByteWriter(sizeBytes + 64);
  head.number(types.length);
  for (const type of types) {
    const bytes = encoder.encode(type);
    head.number(bytes.length);
    head.copy(bytes);
  }
  head.signed(atMs);
  return head;
}

function writeGroupHead(
  head: ByteWriter,
  { stream, count, first, atMs }: { stream: number; count: number; first: number; atMs: number },
): void {
  head.number(stream);
  head.number(count);
  head.number(first);
  head.signed(atMs);
}

function writeEntry(
  head: ByteWriter,
  { sizeBytes, type, more, laterMs }: { sizeBytes: number; type: number; more: number; laterMs: number },
): void {
  head.number(sizeBytes);
  head.number(type * 4 + (more === 0 ? 0 : 2) + (laterMs === 0 ? 0 : 1));
  if (more !== 0) head.number(more);
  if (laterMs !== 0) head.signed(laterMs);
}

/** A block with its head, and room for the data. */
function newBlock(head: Uint8Array, dataBytes: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(prefixBytes + head.length + dataBytes);
  block[0] = version;
  new DataView(block.buffer).setUint32(1, head.length, true);
  block.set(head, prefixBytes);
  return block;
}

function blockOf(head: Uint8Array, ...data: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const block = newBlock(
    head,
    data.reduce((sum, { length }) => sum + length, 0),
  );
  let at = prefixBytes + head.length;
  for (const bytes of data) {
    block.set(bytes, at);
    at += bytes.length;
  }
  return block;
}

/** The bytes of entries of one stream that follow each other. */
export function encodeEntries(stream: number, entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const writer = createBlockWriter();
  const [first] = entries;
  if (first !== undefined) writer.begin(stream, first.from, first.atMs);
  for (const entry of entries) writer.add(entry, entry.offset - entry.from, entry.atMs - (first?.atMs ?? 0));
  return writer.finish();
}

/** A block of which the types are known. */
export interface OpenBlock {
  readonly bytes: Uint8Array;
  readonly types: readonly string[];
  readonly atMs: number;
  /** Where its groups begin, and where its data does. */
  readonly groupsStart: number;
  readonly dataStart: number;
}

/** Entries of one stream within a block. */
export interface Group {
  readonly block: OpenBlock;
  readonly stream: number;
  readonly count: number;
  /** The first offset that they cover. */
  readonly first: number;
  /** The last. */
  readonly last: number;
  /** When the first was written, and the last. */
  readonly firstAtMs: number;
  readonly atMs: number;
  /** Where what is said of them begins, where that of the entries does, and where it ends. */
  readonly start: number;
  readonly entriesStart: number;
  readonly end: number;
  /** Where their data is. */
  readonly dataStart: number;
  readonly dataEnd: number;
}

/** Errors: `store-unusable` where the bytes are damaged or newer. */
export function openBlock(bytes: Uint8Array): OpenBlock {
  if (bytes[0] !== version || bytes.length < prefixBytes) throw damaged();
  const dataStart = prefixBytes + new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true);
  if (dataStart > bytes.length) throw damaged();
  const reader = new ByteReader(bytes, { start: prefixBytes, end: dataStart });
  const types: string[] = [];
  for (let left = reader.number(); left > 0; left -= 1) {
    const length = reader.number();
    types.push(decoder.decode(bytes.subarray(reader.at, (reader.at += length))));
  }
  const atMs = reader.signed();
  if (Number.isNaN(atMs) || reader.at > dataStart) throw damaged();
  return { bytes, types, atMs, groupsStart: reader.at, dataStart };
}

/** The group whose head is at `start`, and whose data is at `dataStart`. Errors: `store-unusable`. */
export function readGroup(block: OpenBlock, start: number, dataStart: number): Group {
  const reader = new ByteReader(block.bytes, { start, end: block.dataStart });
  const stream = reader.number();
  const count = reader.number();
  const first = reader.number();
  const firstAtMs = block.atMs + reader.signed();
  const entriesStart = reader.at;
  let last = first - 1;
  let dataEnd = dataStart;
  let laterMs = 0;
  for (let left = count; left > 0; left -= 1) {
    dataEnd += reader.number();
    const flags = reader.number();
    if (flags >= block.types.length * 4) throw damaged();
    last += 1;
    if (flags % 4 >= 2) last += reader.number();
    laterMs = flags % 2 === 1 ? reader.signed() : 0;
  }
  const atMs = firstAtMs + laterMs;
  if (!(dataEnd <= block.bytes.length) || Number.isNaN(last + atMs)) throw damaged();
  return {
    block,
    stream,
    count,
    first,
    last,
    firstAtMs,
    atMs,
    start,
    entriesStart,
    end: reader.at,
    dataStart,
    dataEnd,
  };
}

/** Calls back with each group of the block, in order. Errors: `store-unusable`. */
export function eachGroup(block: OpenBlock, use: (group: Group) => void): void {
  let { groupsStart: start, dataStart } = block;
  while (start < block.dataStart) {
    const group = readGroup(block, start, dataStart);
    use(group);
    start = group.end;
    dataStart = group.dataEnd;
  }
  if (dataStart !== block.bytes.length) throw damaged();
}

/** The group's entries. */
function entriesOf({ block, count, first, firstAtMs, entriesStart, end, dataStart, dataEnd }: Group): Entry[] {
  const data = block.bytes.subarray(dataStart, dataEnd);
  const text = decoder.decode(data);
  const isAscii = text.length === data.length;
  const reader = new ByteReader(block.bytes, { start: entriesStart, end });
  const entries: Entry[] = [];
  let from = first;
  let at = 0;
  for (let left = count; left > 0; left -= 1) {
    const dataFrom = at;
    at += reader.number();
    const flags = reader.number();
    const offset = flags % 4 >= 2 ? from + reader.number() : from;
    const atMs = flags % 2 === 1 ? firstAtMs + reader.signed() : firstAtMs;
    entries.push({
      type: block.types[Math.floor(flags / 4)] ?? '',
      data: isAscii ? text.slice(dataFrom, at) : decoder.decode(data.subarray(dataFrom, at)),
      from,
      offset,
      atMs,
    });
    from = offset + 1;
  }
  return entries;
}

/** All entries of a block. Errors: `store-unusable`. */
export function decodeBlock(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  eachGroup(openBlock(bytes), (group) => {
    for (const entry of entriesOf(group)) entries.push(entry);
  });
  return entries;
}

/** The groups as one block, without taking their entries apart. */
export function joinGroups(groups: readonly Group[]): Uint8Array<ArrayBuffer> {
  const types: string[] = [];
  const renames = groups.map(({ block }) => renameTypes(types, block.types));
  const atMs = groups[0]?.firstAtMs ?? 0;
  const sizeBytes = groups.reduce((sum, { start, end }) => sum + end - start + 8, 0);
  const head = beginHead(types, { atMs, sizeBytes });
  for (const [index, group] of groups.entries()) {
    const { block, stream, count, first, firstAtMs, entriesStart, end } = group;
    writeGroupHead(head, { stream, count, first, atMs: firstAtMs - atMs });
    const rename = renames[index];
    if (rename == null) head.copy(block.bytes.subarray(entriesStart, end));
    else copyRenamed(head, group, rename);
  }
  return blockOf(
    head.finish(),
    ...groups.map(({ block, dataStart, dataEnd }) => block.bytes.subarray(dataStart, dataEnd)),
  );
}

function copyRenamed(head: ByteWriter, { block, count, entriesStart, end }: Group, rename: readonly number[]): void {
  const reader = new ByteReader(block.bytes, { start: entriesStart, end });
  for (let left = count; left > 0; left -= 1) {
    const sizeBytes = reader.number();
    const flags = reader.number();
    const more = flags % 4 >= 2 ? reader.number() : 0;
    const laterMs = flags % 2 === 1 ? reader.signed() : 0;
    writeEntry(head, { sizeBytes, type: rename[Math.floor(flags / 4)] ?? 0, more, laterMs });
  }
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

function damaged(): StreamError {
  return new StreamError(
    'store-unusable',
    'Expected a block of entries as this version writes it, but the store holds something else: it is damaged. Restore a backup.',
  );
}
