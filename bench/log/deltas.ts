// What is appended: entries as the deltas of an answer are. All by their number, so that no run needs
// to keep what it wrote to tell whether it reads the same.
import type { NewEntry } from 'verbatim/log';

export interface Deltas {
  /** The data of the nth delta of the stream's answer, from 0 on. */
  dataOf(stream: number, n: number): string;
  entryOf(stream: number, n: number): NewEntry;
  /** Deltas number `from` to `to`, without `to`. */
  entriesOf(stream: number, from: number, to: number): NewEntry[];
  /** The nth delta's text. */
  textOf(n: number): string;
}

/** Ids as long as real ones. */
export const streamName = (stream: number): string => `c_01jdk3x8v9q2${String(stream).padStart(8, '0')}`;
export const messageName = (stream: number): string => `m_01jdk3x8v9q2${String(stream).padStart(8, '0')}`;

/** A token at a time: data of 70 bytes. */
export const tokens = createDeltas(
  ' the| model| writes| one| word| after| another|, and|.\\n\\nThen| a| reader| who| comes| late| sees| all'.split('|'),
);

/** What comes of a model in a tenth of a second: data of 110 bytes. */
export const phrases = createDeltas([
  ' the model writes one word after another, and',
  ' who comes late sees all that was written so far',
  '.\\n\\nThen a reader goes on where it was before',
]);

/** The texts as JSON has them, with escapes; they come round again and again. */
function createDeltas(escaped: readonly string[]): Deltas {
  const texts = escaped.map((inside) => JSON.parse(`"${inside}"`) as string); // Each is a string's inside.
  /** Where each begins, and behind them all where the next round does. */
  const starts = [0];
  for (const text of texts) starts.push((starts.at(-1) ?? 0) + text.length);
  const roundLength = starts.at(-1) ?? 0;

  function dataOf(stream: number, n: number): string {
    const nth = n % escaped.length;
    const at = ((n - nth) / escaped.length) * roundLength + (starts[nth] ?? 0);
    return `{"message":"${messageName(stream)}","part":0,"at":${at},"text":"${escaped[nth]}"}`;
  }

  function entryOf(stream: number, n: number): NewEntry {
    return { type: 'delta', data: dataOf(stream, n) };
  }

  return {
    dataOf,
    entryOf,
    entriesOf: (stream, from, to) => Array.from({ length: to - from }, (_, index) => entryOf(stream, from + index)),
    textOf: (n) => texts[n % texts.length] ?? '',
  };
}
