// Searching the index: words, beginnings, scripts, and what is no word.
import { contractCase, entries, equal, listAll } from './case.ts';
import type { Log } from '../../log/log.ts';

/** Puts streams of the owner into the index: name, title, texts. */
async function put(log: Log, ...streams: ReadonlyArray<readonly [name: string, title: string, ...texts: string[]]>) {
  for (const [name, title, ...texts] of streams) {
    await log.append(name, entries('a'), { index: { owner: 'o', title } });
    for (const text of texts) await log.append(name, entries('b'), { index: { owner: 'o', title, text } });
  }
}

async function found(log: Log, search: string): Promise<string[]> {
  const { rows } = await log.list('o', { search });
  return rows.map(({ stream }) => stream).toSorted();
}

export const searchCases = [
  contractCase('[LOG-SEARCH] finds by title and by each text that was ever given', async ({ log }) => {
    await put(log, ['s1', 'Gardens', 'Roses need sun.', 'Tulips come from Turkey.'], ['s2', 'Sun and moon']);
    equal(await found(log, 'gardens'), ['s1']);
    equal(await found(log, 'roses'), ['s1']);
    equal(await found(log, 'tulips'), ['s1']);
    equal(await found(log, 'sun'), ['s1', 's2']);
    equal(await found(log, 'stars'), []);
  }),
  contractCase('[LOG-SEARCH] wants all words in one document, in any order', async ({ log }) => {
    await put(log, ['s1', 'Gardens', 'Roses need sun.', 'Tulips need water.']);
    equal(await found(log, 'sun roses'), ['s1']);
    equal(await found(log, 'need water'), ['s1']);
    equal(await found(log, 'roses water'), []);
    equal(await found(log, 'gardens roses'), []);
  }),
  contractCase('[LOG-SEARCH] takes the last word as a beginning, and no other', async ({ log }) => {
    await put(log, ['s1', 'Roses need sunlight']);
    equal(await found(log, 'sun'), ['s1']);
    equal(await found(log, 'roses sunl'), ['s1']);
    equal(await found(log, 's'), ['s1']);
    equal(await found(log, 'rose sunlight'), []);
    equal(await found(log, 'light'), []);
  }),
  contractCase('[LOG-SEARCH] does not see case and accents', async ({ log }) => {
    await put(log, ['s1', 'Über MÜNCHEN'], ['s2', 'cafe\u0301 ΟΔΟΣ'], ['s3', 'ＷＩＤＥ ﬁne']);
    equal(await found(log, 'uber munchen'), ['s1']);
    equal(await found(log, 'ÜBER münch'), ['s1']);
    equal(await found(log, 'CAFÉ'), ['s2']);
    equal(await found(log, 'οδός'), ['s2']);
    equal(await found(log, 'wide fine'), ['s3']);
  }),
  contractCase('[LOG-SEARCH] finds words of scripts that write no spaces', async ({ log }) => {
    await put(log, ['s1', '我喜欢吃苹果'], ['s2', 'ฉันกินข้าวที่บ้าน'], ['s3', '日本語がわかりますか']);
    equal(await found(log, '苹果'), ['s1']);
    equal(await found(log, '喜欢 苹果'), ['s1']);
    equal(await found(log, 'กินข้าว'), ['s2']);
    equal(await found(log, '日本語'), ['s3']);
    equal(await found(log, '果汁'), []);
  }),
  contractCase('[LOG-SEARCH] gives all where there is no word to search for', async ({ log }) => {
    await put(log, ['s1', 'one'], ['s2', '']);
    for (const search of ['', ' ', '!?', '"', '*', '…', '(', '🙂', '\u0000', '""', '-'])
      equal(await found(log, search), ['s1', 's2']);
  }),
  contractCase('[LOG-SEARCH] takes what a query language would understand as words', async ({ log }) => {
    await put(log, ['s1', 'either or neither'], ['s2', 'and not near'], ['s3', "it's 3.14 a:b foo_bar x-y C++"]);
    const queries: ReadonlyArray<readonly [string, readonly string[]]> = [
      ['or', ['s1']],
      ['OR either', ['s1']],
      ['either" OR "near', []],
      ['near', ['s2']],
      ['NEAR(and not)', ['s2']],
      ['NOT near', ['s2']],
      ['nea*', ['s2']],
      ['-near', ['s2']],
      ['^and', ['s2']],
      ['words:near', []],
      ['a:b', ['s3']],
      ["it's", ['s3']],
      ['"3.14"', ['s3']],
      ['foo_', ['s3']],
      ['x-y', ['s3']],
      ['c++', ['s3']],
      ['; DROP TABLE search', []],
      ["' OR 1=1 --", []],
      ['{near}', ['s2']],
      ['near + and', ['s2']],
      ['not\u0000near', ['s2']],
    ];
    for (const [query, expected] of queries) equal([query, await found(log, query)], [query, expected]);
  }),
  contractCase('[LOG-SEARCH] [LOG-LIST] forgets the title that was before, and keeps the texts', async ({ log }) => {
    await put(log, ['s', 'draft', 'some text']);
    await put(log, ['s', 'final']);
    equal(await found(log, 'draft'), []);
    equal(await found(log, 'final'), ['s']);
    equal(await found(log, 'some'), ['s']);
  }),
  contractCase(
    "[LOG-SEARCH] [LOG-PAGE] pages through what was found, among the owner's streams only",
    async ({ log }) => {
      for (let n = 0; n < 7; n += 1) {
        await put(log, [`s${n}`, n % 2 === 0 ? 'even number' : 'odd number', 'a number it is']);
        await log.append(`other${n}`, entries('a'), { index: { owner: 'other', title: 'even number' } });
      }
      const seen = await listAll(log, { search: 'number even', limit: 2 });
      equal(seen, ['s6', 's4', 's2', 's0']);
    },
  ),
  contractCase('[LOG-SEARCH] takes long queries and long texts', async ({ log }) => {
    const words = Array.from({ length: 2_000 }, (_, n) => `word${n}`);
    await put(log, ['s', 'title', words.join(' ')]);
    equal(await found(log, words.slice(0, 200).join(' ')), ['s']);
    equal(await found(log, `${words.slice(0, 200).join(' ')} missing`), []);
    equal(await found(log, 'x'.repeat(10_000)), []);
  }),
];
