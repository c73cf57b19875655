// A stream's entries from an offset on, as the store holds them.
import { maxStepLength, type Entry } from '../../log.ts';
import { offsetExpired, streamDeleted } from '../../refuse.ts';
import { takeStep } from '../../take-step.ts';
import { decodeBlock } from './block.ts';
import type { Stream } from './streams.ts';
import type { StoreThread } from './thread.ts';

/** At most `limit` entries after `after`, and as many as a step holds. Errors: `offset-expired`, `stream-deleted`. */
export async function readEntries(
  stream: Stream,
  { after, limit }: { after: number; limit: number },
  thread: StoreThread,
): Promise<readonly Entry[]> {
  const { id, name, head } = stream;
  const entries: Entry[] = [];
  let length = 0;
  let last = after;
  while (last < head && length < maxStepLength && entries.length < limit) {
    const blocks = await thread.call('read', { stream: id, after: last, maxBytes: maxStepLength });
    if (stream.isDeleted) throw streamDeleted(name);
    const read = blocks.flatMap((block) => decodeBlock(block)).filter(({ offset }) => offset > last);
    const [first] = read;
    if (first === undefined) break; // Deleted meanwhile, of which this stream need not have heard.
    if (first.from !== last + 1) throw offsetExpired(name, last, first);
    for (const entry of read) entries.push(entry);
    length += read.reduce((sum, { data }) => sum + data.length, 0);
    last = read.at(-1)?.offset ?? last;
  }
  return takeStep(entries, limit);
}
