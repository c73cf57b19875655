// Pages: some kB of one stream's entries, stored and read at once.
import type { Entry } from '../../log.ts';
import { encodeEntries, joinGroups, type Group } from './block.ts';

export interface Page {
  readonly stream: number;
  /** The first offset that it covers. */
  readonly first: number;
  /** The last. */
  readonly last: number;
  /** When its last entry was written. */
  readonly atMs: number;
  readonly block: Uint8Array<ArrayBuffer>;
}

const maxPageLength = 256 * 1024; // Chosen: a long answer in one. Code units or bytes, as comes in handy.

/** The entries of one stream as pages, in order. */
export function pagesOf(stream: number, entries: readonly Entry[]): Page[] {
  return cut(entries, ({ data }) => data.length).map((part) => ({
    stream,
    first: part[0]?.from ?? 0,
    last: part.at(-1)?.offset ?? 0,
    atMs: part.at(-1)?.atMs ?? 0,
    block: encodeEntries(stream, part),
  }));
}

/** The groups of one stream as pages, in order. */
export function pagesOfGroups(stream: number, groups: readonly Group[]): Page[] {
  return cut(groups, ({ dataStart, dataEnd }) => dataEnd - dataStart).map((part) => ({
    stream,
    first: part[0]?.first ?? 0,
    last: part.at(-1)?.last ?? 0,
    atMs: part.at(-1)?.atMs ?? 0,
    block: joinGroups(part),
  }));
}

/** The items in parts, each as long as a page may be, or of one item. */
function cut<T>(items: readonly T[], lengthOf: (item: T) => number): T[][] {
  const parts: T[][] = [];
  let part: T[] = [];
  let length = 0;
  for (const item of items) {
    part.push(item);
    length += lengthOf(item);
    if (length < maxPageLength) continue;
    parts.push(part);
    part = [];
    length = 0;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
