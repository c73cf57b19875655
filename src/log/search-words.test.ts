import { expect, it } from 'vitest';
import { matchesSearch, searchWords } from './search-words.ts';

it.each([
  ['', []],
  ['!? … 🙂 -', []],
  ['Über München!', ['uber', 'munchen']],
  ['CAFÉ cafe\u0301', ['cafe', 'cafe']],
  ['İstanbul', ['istanbul']],
  ['ΟΔΟΣ οδός', ['οδοσ', 'οδοσ']],
  ['Ёлка йод', ['елка', 'иод']],
  ['ＷＩＤＥ ﬁne ²', ['wide', 'fine', '2']],
  ["it's 3.14 foo_bar x-y node.js C++", ["it's", '3.14', 'foo_bar', 'x', 'y', 'node.js', 'c']],
  ['a\u0000b', ['a', 'b']],
])('[LOG-SEARCH] finds the words of %j', (text, words) => {
  expect(searchWords(text)).toEqual(words);
});

it.each([
  ['我喜欢吃苹果', ['我', '喜欢', '吃', '苹果']],
  ['日本語がわかる', ['日本語', 'が', 'わかる']],
  ['ฉันกินข้าวที่บ้าน', ['ฉัน', 'กิน', 'ข้าว', 'ที่', 'บ้าน']],
  ['한국어 검색', ['한국어', '검색']],
  ['हिन्दी में खोज', ['हिन्दी', 'में', 'खोज']],
])(
  '[LOG-SEARCH] takes %j apart as its script wants it, and keeps the signs that are part of its words',
  (text, words) => {
    expect(searchWords(text)).toEqual(words);
  },
);

it('[LOG-SEARCH] leaves out points that a writer of Arabic or Hebrew may leave out', () => {
  expect(searchWords('مُحَمَّد أحمد')).toEqual(searchWords('محمد احمد'));
  expect(searchWords('שָׁלוֹם')).toEqual(['שלום']);
});

it('[LOG-SEARCH] wants all words in one document, and takes the last as a beginning', () => {
  const documents = ['Gardens', 'Roses need sunlight'].map((text) => searchWords(text));
  expect(matchesSearch(['roses', 'sun'], documents)).toBe(true);
  expect(matchesSearch(['sunlight', 'roses'], documents)).toBe(true);
  expect(matchesSearch(['sun', 'roses'], documents)).toBe(false);
  expect(matchesSearch(['gardens', 'roses'], documents)).toBe(false);
  expect(matchesSearch(['light'], documents)).toBe(false);
  expect(matchesSearch([], documents)).toBe(true);
  expect(matchesSearch(['roses'], [])).toBe(false);
});
