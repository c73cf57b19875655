// What a full-text search compares: words without case and accents, found by the rules of each
// script, so that Chinese and Thai, which write no spaces, are searched like the rest.

const segmenter = new Intl.Segmenter('und', { granularity: 'word' }); // [UAX 29], with ICU's dictionaries.

/** Accents of Latin, Greek and Cyrillic, and the points of Hebrew and Arabic: signs that a writer may leave out. */
const accents = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]+/gu;

/** The text's words as they are compared, in order: `['uber', 'munchen']` for "Über München!". */
export function searchWords(text: string): string[] {
  // Composed again, for the dictionaries know "が" and not its two halves.
  const folded = text.normalize('NFKD').replaceAll(accents, '').normalize('NFC').toLowerCase().replaceAll('ς', 'σ');
  const words: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(folded)) if (isWordLike === true) words.push(segment);
  return words;
}

/** Whether one of the documents has all of the words, the last of them at least as a beginning. */
export function matchesSearch(words: readonly string[], documents: ReadonlyArray<readonly string[]>): boolean {
  const last = words.length - 1;
  return documents.some((document) =>
    words.every((word, index) => document.some((other) => (index === last ? other.startsWith(word) : other === word))),
  );
}
