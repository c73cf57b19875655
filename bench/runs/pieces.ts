// What the models say: the same words round and round, some at a time, so that a text is known from its
// number of pieces.
const words =
  ' the| model| writes| one| word| after| another|, and|.\n\nThen| a| reader| who| comes| late| sees| all'.split('|');
const roundText = words.join('');
/** Where each begins, and behind them all where the next round does. */
const starts = [0];
for (const word of words) starts.push((starts.at(-1) ?? 0) + word.length);

export interface Pieces {
  /** The nth, from 0 on. */
  pieceOf(n: number): string;
  /** Where the text of so many ends, in UTF-16 code units. */
  lengthOf(count: number): number;
  textOf(count: number): string;
}

export function createPieces(wordsAtOnce: number): Pieces {
  const known: string[] = [];

  function lengthOf(count: number): number {
    const all = count * wordsAtOnce;
    return Math.floor(all / words.length) * roundText.length + (starts[all % words.length] ?? 0);
  }

  function textOf(count: number): string {
    const length = lengthOf(count);
    return roundText.repeat(Math.ceil(length / roundText.length)).slice(0, length);
  }

  return {
    // After as many pieces as there are words the same come again, whatever their size.
    pieceOf(n) {
      const nth = n % words.length;
      return (known[nth] ??= textOf(nth + 1).slice(lengthOf(nth)));
    },
    lengthOf,
    textOf,
  };
}
