// Many entries as one piece of bytes: what a commit writes into the journal, and what a page holds.
// First all that is said of the entries, then their data, joined: so that streams can be taken apart
// and put together as bytes, and nothing is made for a single entry before somebody reads it.
//
//   version (1 byte), length of the head (4 bytes, little-endian), head, data
//   head: count of types, each as its length and its bytes in UTF-8; time (signed); then groups up to its end
//   group: stream, first offset, ms after the head's time (signed), then entries
//   entry: bytes of its data in UTF-8; 8 × its type's index, + 4 where it is its group's last, + 2 where
//     it stands for several offsets, + 1 where it was written at another time than its group's first;
//     in that order how many offsets more, and how many ms later (signed)
import { StreamError } from '../../../core/errors.ts';
import type { Entry, NewEntry } from '../../log.ts';
import { ByteReader, createByteWriter, type ByteWriter } from './bytes.ts';

const version = 1;
const prefixBytes = 5;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

const flagBits = 8;
const isLastFlag = 4;
const hasMoreFlag = 2;
const isLaterFlag = 1;

/** Makes a block entry by entry, and then the next in the same memory. */
export interface BlockWriter {
  /** What is added next belongs to the stream, begins at the offset, and was written at that time. */
  begin(stream: number, from: number, atMs: number): void;
  /** An entry that stands for one offset, or for `more` beside. */
  add(entry: NewEntry, more?: number, laterMs?: number): void;
  /** The bytes. They have a buffer of their own, which may be handed to another thread. */
  finish(): Uint8Array<ArrayBuffer>;
}

const usualBytes = 64 * 1024;

export function createBlockWriter(): BlockWriter {
  let types: string[] = [];
  const head = createByteWriter(usualBytes);
  const data = createByteWriter(usualBytes);
  let blockAtMs: number | undefined;
  let lastFlagsAt: number | undefined;

  function endGroup(): void {
    if (lastFlagsAt !== undefined) head.mark(lastFlagsAt, isLastFlag);
    lastFlagsAt = undefined;
  }

  return {
    begin(stream, from, atMs) {
      endGroup();
      blockAtMs ??= atMs;
      head.number(stream);
      head.number(from);
      head.signed(atMs - blockAtMs);
    },
    add({ type, data: text }, more = 0, laterMs = 0) {
      let typeIndex = types.indexOf(type);
      if (typeIndex === -1) typeIndex = types.push(type) - 1;
      head.number(data.text(text));
      lastFlagsAt = head.size;
      writeFlags(head, { type: typeIndex, more, laterMs });
    },
    finish() {
      endGroup();
      const block = blockOf({ types, atMs: blockAtMs ?? 0, groups: head.written() }, [data.written()]);
      head.clear();
      data.clear();
      types = [];
      blockAtMs = undefined;
      return block;
    },
  };
}

function writeFlags(head: ByteWriter, { type, more, laterMs }: { type: number; more: number; laterMs: number }): void {
  head.number(type * flagBits + (more === 0 ? 0 : hasMoreFlag) + (laterMs === 0 ? 0 : isLaterFlag));
  if (more !== 0) head.number(more);
  if (laterMs !== 0) head.signed(laterMs);
}

function blockOf(
  { types, atMs, groups }: { types: readonly string[]; atMs: number; groups: Uint8Array },
  data: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const start = createByteWriter(64);
  start.number(types.length);
  for (const type of types) {
    const bytes = encoder.encode(type);
    start.number(bytes.length);
    start.copy(bytes);
  }
  start.signed(atMs);
  const headBytes = start.size + groups.length;
  const block = new Uint8Array(data.reduce((sum, { length }) => sum + length, prefixBytes + headBytes));
  block[0] = version;
  new DataView(block.buffer).setUint32(1, headBytes, true);
  let at = prefixBytes;
  for (const bytes of [start.written(), groups, ...data]) {
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
  const first = reader.number();
  const firstAtMs = block.atMs + reader.signed();
  const entriesStart = reader.at;
  let last = first - 1;
  let dataEnd = dataStart;
  let laterMs = 0;
  for (let isLast = false; !isLast;) {
    dataEnd += reader.number();
    const flags = reader.number();
    // Not a number behind the end, where nothing is less than anything.
    if (!(flags < block.types.length * flagBits)) throw damaged();
    last += 1;
    if ((flags & hasMoreFlag) !== 0) last += reader.number();
    laterMs = (flags & isLaterFlag) === 0 ? 0 : reader.signed();
    isLast = (flags & isLastFlag) !== 0;
  }
  const atMs = firstAtMs + laterMs;
  if (!(dataEnd <= block.bytes.length) || Number.isNaN(last + atMs)) throw damaged();
  return {
    block,
    stream,
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
function entriesOf({ block, first, firstAtMs, entriesStart, end, dataStart, dataEnd }: Group): Entry[] {
  const data = block.bytes.subarray(dataStart, dataEnd);
  const text = decoder.decode(data);
  const isAscii = text.length === data.length;
  const reader = new ByteReader(block.bytes, { start: entriesStart, end });
  const entries: Entry[] = [];
  let from = first;
  let at = 0;
  while (reader.at < end) {
    const dataFrom = at;
    at += reader.number();
    const flags = reader.number();
    const offset = (flags & hasMoreFlag) === 0 ? from : from + reader.number();
    const atMs = (flags & isLaterFlag) === 0 ? firstAtMs : firstAtMs + reader.signed();
    entries.push({
      type: block.types[Math.floor(flags / flagBits)] ?? '',
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
  const atMs = groups[0]?.firstAtMs ?? 0;
  const head = createByteWriter(groups.reduce((sum, { start, end }) => sum + end - start + 8, 64));
  for (const group of groups) {
    const { block, stream, first, firstAtMs, entriesStart, end } = group;
    head.number(stream);
    head.number(first);
    head.signed(firstAtMs - atMs);
    const rename = renameTypes(types, block.types);
    if (rename === null) head.copy(block.bytes.subarray(entriesStart, end));
    else copyRenamed(head, group, rename);
  }
  return blockOf(
    { types, atMs, groups: head.written() },
    groups.map(({ block, dataStart, dataEnd }) => block.bytes.subarray(dataStart, dataEnd)),
  );
}

function copyRenamed(head: ByteWriter, { block, entriesStart, end }: Group, rename: readonly number[]): void {
  const reader = new ByteReader(block.bytes, { start: entriesStart, end });
  while (reader.at < end) {
    head.number(reader.number());
    const flags = reader.number();
    const more = (flags & hasMoreFlag) === 0 ? 0 : reader.number();
    const laterMs = (flags & isLaterFlag) === 0 ? 0 : reader.signed();
    const flagsAt = head.size;
    writeFlags(head, { type: rename[Math.floor(flags / flagBits)] ?? 0, more, laterMs });
    if ((flags & isLastFlag) !== 0) head.mark(flagsAt, isLastFlag);
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
