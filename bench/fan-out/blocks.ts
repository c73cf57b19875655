// What is published: blocks of events, each of which server and readers can make by its number, as a
// server reads them from its log. A few are kept, as a log keeps its newest pages.
import { encodeBytes } from 'verbatim/sse';

export const readerCount = 1_000;
const eventsInBlock = 64;
const eventBytes = 1_000;
export const blockBytes = eventsInBlock * eventBytes;
/** What is published before the measurement, so that the server's heap has found its size. */
export const warmUpBlocks = Math.ceil(10e6 / blockBytes);
export const blockCount = warmUpBlocks + Math.ceil(100e6 / blockBytes);

const kept = new Map<number, Buffer<ArrayBuffer>>();
const maxKept = 64;

export function blockAt(index: number): Buffer<ArrayBuffer> {
  const known = kept.get(index);
  if (known !== undefined) return known;
  const block = makeBlock(index);
  kept.set(index, block);
  if (kept.size > maxKept) kept.delete(kept.keys().next().value ?? 0);
  return block;
}

function makeBlock(index: number): Buffer<ArrayBuffer> {
  const events: Uint8Array[] = [];
  for (let n = 0; n < eventsInBlock; n += 1) {
    const id = String(index * eventsInBlock + n).padStart(10, '0');
    const frame = encodeBytes({ id, data: '' }).length;
    events.push(encodeBytes({ id, data: id.repeat(eventBytes / id.length).slice(0, eventBytes - frame) }));
  }
  return Buffer.concat(events);
}
