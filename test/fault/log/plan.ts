// What each life of the writer appends: a function of the seed alone, so that whoever reads the store
// knows every byte that may stand in it without having been told.
import type { Entry } from 'verbatim/log';
import { createSeededRandom } from 'verbatim/testing';

/** How many streams are written at a time; a deleted one makes room for the next of its slot. */
export const slotCount = 8;

export interface PlannedAppend {
  /** `<life>-<number>`: no other append of the store has it. */
  readonly id: string;
  readonly slot: number;
  /** Data of its entries, each unlike any other of the store. */
  readonly data: readonly string[];
  readonly key: string | undefined;
  /** Whether it goes into its owner's index, under its id as the title. */
  readonly isIndexed: boolean;
  readonly isLeased: boolean;
}

export function planAppend(seed: number, life: number, number: number): PlannedAppend {
  const random = createSeededRandom(seed + life * 1_000_003 + number * 7_919);
  const below = (bound: number): number => Math.floor(random.float() * bound);
  const id = `${life}-${number}`;
  const count = below(8) === 0 ? 2 + below(30) : 1;
  const size = below(24) === 0 ? 1_000 + below(120_000 / count) : below(8) === 0 ? 1 + below(4_000) : 10 + below(120);
  return {
    id,
    slot: below(slotCount),
    data: Array.from({ length: count }, (_, index) => dataOf({ id, index, count, size })),
    key: below(4) === 0 ? `key ${id}` : undefined,
    isIndexed: below(6) === 0,
    isLeased: below(6) === 0,
  };
}

export const streamName = (slot: number, generation: number): string => `stream ${slot}, ${generation}`;

interface Part {
  readonly id: string;
  readonly index: number;
  readonly count: number;
  readonly size: number;
}

/** Says which entry it is, and how long it is; characters of one to four bytes, so that a cut anywhere shows. */
function dataOf({ id, index, count, size }: Part): string {
  const head = `${id}-${index}-${count} ${size} `;
  return `${head}${`${head}é漢🙂.`.repeat(Math.ceil(size / (head.length + 5)))}`;
}

/**
 * The names of the appended entries that a stored one stands for, one for each offset: `2-17-0-3` is
 * the first of three of append 17 of life 2. Throws where a byte of it is wrong.
 */
export function partsOf({ from, offset, type, data }: Entry): readonly string[] {
  const parts = type === 'trimmed' ? data.split(' ') : [data.slice(0, data.indexOf(' '))];
  const [id, index, count] = splitPart(parts[0] ?? '');
  const size = Number(data.split(' ', 2)[1]);
  if (type === 'appended' && data !== dataOf({ id, index: Number(index), count: Number(count), size })) {
    throw new Error(`entry ${offset} has other bytes than were appended: ${data.slice(0, 80)}`);
  }
  if (parts.length !== offset - from + 1)
    throw new Error(`entry ${from} to ${offset} stands for ${parts.length} entries`);
  return parts;
}

/** What `trim` puts in the place of the entries. */
export function trimmed(entries: readonly Entry[]): Entry[] {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return [];
  const data = entries.flatMap((entry) => partsOf(entry)).join(' ');
  return [{ type: 'trimmed', data, from: first.from, offset: last.offset, atMs: last.atMs }];
}

/** The append's id, the entry's index within it, and how many it has. */
export function splitPart(part: string): [id: string, index: string, count: string] {
  const [life, number, index, count] = part.split('-');
  return [`${life}-${number}`, index ?? '', count ?? ''];
}
