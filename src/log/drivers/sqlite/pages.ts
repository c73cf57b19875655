// Entries of one stream, cut into pieces of the size that is stored and read at once.
import type { Entry } from '../../log.ts';
import { encodeBlock } from './block.ts';
import type { Page } from './protocol.ts';

const maxPageLength = 256 * 1024; // Chosen: a long answer in one.

/** The entries as pages, in order. */
export function pagesOf(stream: number, entries: readonly Entry[]): Page[] {
  const pages: Page[] = [];
  let start = 0;
  let length = 0;
  for (const [index, entry] of entries.entries()) {
    length += entry.data.length;
    if (length < maxPageLength && index < entries.length - 1) continue;
    const part = entries.slice(start, index + 1);
    const first = part[0]?.from ?? entry.from;
    const block = encodeBlock([{ stream, entries: part }]);
    pages.push({ stream, first, last: entry.offset, atMs: entry.atMs, block });
    start = index + 1;
    length = 0;
  }
  return pages;
}

/** The same pages with their bytes in one buffer: handing over many buffers costs more than copying them. */
export function inOneBuffer(pages: readonly Page[]): { pages: Page[]; buffer: ArrayBuffer } {
  const bytes = new Uint8Array(pages.reduce((sum, { block }) => sum + block.length, 0));
  let at = 0;
  const moved = pages.map((page) => {
    bytes.set(page.block, at);
    const block = bytes.subarray(at, (at += page.block.length));
    return { ...page, block };
  });
  return { pages: moved, buffer: bytes.buffer };
}
