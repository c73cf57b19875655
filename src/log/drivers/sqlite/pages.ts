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
