// demo/tools: shows every kind of part. It thinks, has its own tool count the words of the message,
// names a source, gives data to draw, and says what came of it; the same each time.
import { textOf, type Part } from '../../conversation/message.ts';
import type { ModelPart, ModelRequest } from '../model.ts';
import { wordsOf } from './words.ts';

const maxCounted = 280; // Chosen: the arguments are shown as they stream, and should be over in a while.

/** Its parts in order, each to be given after one interval. What a message has of them is not given again. */
export function* toolsScript({ messages, prefix }: ModelRequest): Generator<ModelPart> {
  const last = messages.at(-1);
  const said: readonly Part[] = last?.role === 'assistant' ? last.parts : [];
  const question = textOf(messages.findLast(({ role }) => role === 'user') ?? { parts: [] });
  const counted = count(charactersOf(question, maxCounted).join(''));
  if (prefix === '') {
    // A step that is over stays: it is gone on behind its result.
    if (!said.some(({ type }) => type === 'tool-result')) yield* callStep(counted);
    yield { type: 'part', part: { type: 'source', url: sourceUrl, title: 'Unicode Text Segmentation' } };
    yield { type: 'part', part: { type: 'data', name: 'word-lengths', value: counted.lengths } };
  }
  for (const text of wordsOf(answerTo(counted))) yield { type: 'text', text };
}

const sourceUrl = 'https://www.unicode.org/reports/tr29/';

interface Counted {
  readonly text: string;
  readonly words: number;
  readonly characters: number;
  /** How many words there are of each length. */
  readonly lengths: ReadonlyArray<{ readonly length: number; readonly words: number }>;
}

function count(text: string): Counted {
  const words = text.match(/\S+/g) ?? [];
  const byLength = Map.groupBy(words, (word) => lengthOf(word));
  const lengths = [...byLength].map(([length, group]) => ({ length, words: group.length }));
  return {
    text,
    words: words.length,
    characters: lengthOf(text),
    lengths: lengths.toSorted((a, b) => a.length - b.length),
  };
}

function lengthOf(text: string): number {
  return charactersOf(text).length;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What a person calls characters, such as an emoji of several code points; at most so many, for the text may be long. */
function charactersOf(text: string, maxCount = Number.POSITIVE_INFINITY): string[] {
  const characters: string[] = [];
  for (const { segment } of segmenter.segment(text)) {
    if (characters.length >= maxCount) break;
    characters.push(segment);
  }
  return characters;
}

function* callStep({ text, words, characters }: Counted): Generator<ModelPart> {
  for (const thought of wordsOf('The words of the message are to be counted. I have a tool for that.')) {
    yield { type: 'reasoning', text: thought };
  }
  const call = { id: 'count-1', name: 'count_words' };
  const input = JSON.stringify({ text });
  for (const piece of wordsOf(input)) yield { type: 'tool-call-delta', ...call, text: piece };
  yield { type: 'tool-call', ...call, text: input, isRunByProvider: true };
  yield { type: 'part', part: { type: 'tool-result', call: call.id, output: { words, characters } } };
}

function answerTo({ words, characters }: Counted): string {
  return `Your message has **${words} ${words === 1 ? 'word' : 'words'}** of ${characters} characters in all.

That is what a tool told me, and no guess. Above you see what I thought, the call with its arguments as they came, its result, and what the answer rests on. Each of these is a *part* of the message, with its own place in the log: refresh the page in the middle of any of them, and nothing is lost or shown twice.
`;
}
