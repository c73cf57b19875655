// Text in the pieces in which the demo models say it.

/** Each word with the white space before it. */
export function wordsOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}
