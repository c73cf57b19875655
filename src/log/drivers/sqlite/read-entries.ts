// A stream's entries from an offset on: pages from the store, and behind them what is in memory.
import { maxStepLength, type Entry } from '../../log.ts';
import { offsetExpired, streamDeleted } from '../../refuse.ts';
import { decodeBlock } from './block.ts';
import type { Stream } from './streams.ts';
import type { StoreThread } from './thread.ts';

/** At most `limit` entries after `after`, and as many as a step holds. Errors: `offset-expired`, `stream-deleted`. */
export async function readEntries(
  stream: Stream,
  { after, limit }: { after: number; limit: number },
  thread: StoreThread,
): Promise<readonly Entry[]> {
  if (after >= stream.head) return [];
  if (after >= stream.folded) return takeUpTo(limit, durableTail(stream), after - stream.folded);
  const entries = await readPages(stream, after, thread);
  if (stream.isDeleted) throw streamDeleted(stream.name);
  // What was folded meanwhile is in the tail no more: then the step ends with the pages.
  const isAll = entries.at(-1)?.offset === stream.folded;
  return takeUpTo(limit, isAll ? [...entries, ...durableTail(stream)] : entries, 0);
}

/** At least a step of what pages hold after the offset, or all that they do. */
async function readPages({ id, name, folded }: Stream, after: number, thread: StoreThread): Promise<Entry[]> {
  const entries: Entry[] = [];
  let length = 0;
  let last = after;
  while (last < folded && length < maxStepLength) {
    const blocks = await thread.call('pages', { stream: id, after: last, maxBytes: maxStepLength });
    const groups = blocks.flatMap((block) => decodeBlock(block));
    const read = groups.flatMap((group) => group.entries).filter(({ offset }) => offset > last);
    const [first] = read;
    if (first === undefined) break; // Deleted meanwhile.
    if (first.from !== last + 1) throw offsetExpired(name, last, first);
    for (const entry of read) entries.push(entry);
    length += read.reduce((sum, { data }) => sum + data.length, 0);
    last = read.at(-1)?.offset ?? last;
  }
  return entries;
}

/** The entries in no page that readers may see. */
function durableTail({ tail, head, folded, staged }: Stream): readonly Entry[] {
  return staged === head ? tail : tail.slice(0, head - folded);
}

/** The entries from the place on: at most `limit`, and as many as a step holds. */
function takeUpTo(limit: number, entries: readonly Entry[], start: number): readonly Entry[] {
  let length = 0;
  let end = start;
  for (; end < entries.length && end - start < limit; end += 1) {
    length += entries[end]?.data.length ?? 0;
    if (length > maxStepLength && end > start) break;
  }
  return entries.slice(start, end);
}
