// Many entries as one piece of bytes: what a commit writes into the journal, and what a page holds.
// A line of JSON with the numbers, then the data of all entries, joined: encoded and decoded at once,
// where a row or a buffer for each would cost more than all else together.
import { StreamError } from '../../../core/errors.ts';
import { isRecord, tryParseJson } from '../../../core/json.ts';
import type { Entry } from '../../log.ts';

/** Entries of one stream that follow each other. */
export interface Group {
  /** The stream's number in the store. */
  readonly stream: number;
  readonly entries: readonly Entry[];
}

const version = 1;

/** What the first line holds. */
interface Header {
  readonly v: number;
  /** The types of entries, each once. */
  readonly types: readonly string[];
  /**
   * For each group: stream, count, the first's `from` and `atMs`; then for each entry: the length
   * of its data in UTF-16 code units, the index of its type, how many offsets more than one it stands
   * for, and how many ms later than the group's first it was written.
   */
  readonly n: readonly number[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The bytes of the groups. They have a buffer of their own, which may be handed to another thread. */
export function encodeBlock(groups: readonly Group[]): Uint8Array<ArrayBuffer> {
  const types: string[] = [];
  const numbers: number[] = [];
  let text = '';
  for (const { stream, entries } of groups) {
    const [first] = entries;
    if (first === undefined) continue;
    numbers.push(stream, entries.length, first.from, first.atMs);
    for (const { type, data, from, offset, atMs } of entries) {
      let typeIndex = types.indexOf(type);
      if (typeIndex === -1) typeIndex = types.push(type) - 1;
      numbers.push(data.length, typeIndex, offset - from, atMs - first.atMs);
      text += data;
    }
  }
  const header: Header = { v: version, types, n: numbers };
  return encoder.encode(`${JSON.stringify(header)}\n${text}`);
}

/** The groups that `encodeBlock` was given. Errors: `store-unusable` where the bytes are damaged or newer. */
export function decodeBlock(bytes: Uint8Array): Group[] {
  const text = decoder.decode(bytes);
  const headerLength = text.indexOf('\n');
  const header = parseHeader(text.slice(0, Math.max(headerLength, 0)));
  const numbers = header.n;
  const groups: Group[] = [];
  let at = headerLength + 1;
  for (let place = 0; place < numbers.length;) {
    const [stream = 0, count = 0, firstFrom = 0, firstAtMs = 0] = numbers.slice(place, place + 4);
    place += 4;
    const entries: Entry[] = [];
    let from = firstFrom;
    for (let index = 0; index < count; index += 1, place += 4) {
      const [length = NaN, typeIndex = NaN, more = NaN, laterMs = NaN] = numbers.slice(place, place + 4);
      const type = header.types[typeIndex];
      if (type === undefined || Number.isNaN(laterMs) || at + length > text.length) throw damaged();
      const offset = from + more;
      entries.push({ type, data: text.slice(at, at + length), from, offset, atMs: firstAtMs + laterMs });
      from = offset + 1;
      at += length;
    }
    groups.push({ stream, entries });
  }
  if (at !== text.length) throw damaged();
  return groups;
}

function parseHeader(line: string): Header {
  const header = tryParseJson(line);
  if (!isRecord(header) || header['v'] !== version) throw damaged();
  const { types, n } = header;
  if (!Array.isArray(types) || !Array.isArray(n)) throw damaged();
  if (!types.every((type) => typeof type === 'string') || !n.every((number) => typeof number === 'number'))
    throw damaged();
  return { v: version, types, n };
}

function damaged(): StreamError {
  return new StreamError(
    'store-unusable',
    'Expected a block of entries as this version writes it, but the store holds something else: it is damaged. Restore a backup.',
  );
}
