// What is refused before anything is written.
import { appendLimits } from '../../log/log.ts';
import { contractCase, entries, equal, folded, refuses } from './case.ts';

const { maxEntries, maxLength, maxNameLength } = appendLimits;
const half = '\ud83d';

export const inputCases = [
  contractCase('[LOG-INPUT] refuses names that are empty, too long or no text', async ({ log }) => {
    for (const name of ['', 'x'.repeat(maxNameLength + 1), `a${half}`]) {
      await refuses('invalid-input', log.append(name, entries('a')));
      await refuses('invalid-input', log.append('s', entries('a'), { key: name }));
      await refuses('invalid-input', log.append('s', entries('a'), { index: { owner: name, title: 't' } }));
    }
    equal(await log.head('s'), 0);
    const longest = 'x'.repeat(maxNameLength);
    const index = { owner: longest, title: longest };
    await log.append(longest, entries('a'), { key: longest, index });
    equal((await log.find(longest, longest))?.last, 1);
  }),
  contractCase('[LOG-INPUT] takes any name that is text', async ({ log }) => {
    const names = ['s', 'S', ' s', 's ', '🧑‍🚀', 'é', 'e\u0301', "'; --", '../x', '%', '__proto__'];
    for (const [index, name] of names.entries()) {
      await log.append(name, entries(name), { index: { owner: 'o', title: `${index}` } });
    }
    for (const name of names)
      equal(
        (await log.read(name, { after: 0 })).map(({ data }) => data),
        [name],
      );
    equal(
      (await log.list('o')).rows.map(({ stream }) => stream),
      names.toReversed(),
    );
  }),
  contractCase('[LOG-INPUT] refuses NUL in names and titles, and keeps it in data', async ({ log }) => {
    await refuses('invalid-input', log.append('s\u0000t', entries('a')));
    await refuses('invalid-input', log.append('s', entries('a'), { key: 'k\u0000' }));
    await refuses('invalid-input', log.append('s', entries('a'), { index: { owner: '\u0000', title: 't' } }));
    await refuses('invalid-input', log.append('s', entries('a'), { index: { owner: 'o', title: 'a\u0000b' } }));
    await log.append('s', entries('a\u0000b'));
    equal((await log.read('s', { after: 0 }))[0]?.data, 'a\u0000b');
  }),
  contractCase('[LOG-INPUT] refuses no entries, and too many', async ({ log }) => {
    await refuses('invalid-input', log.append('s', []));
    const all = Array.from({ length: maxEntries + 1 }, () => ({ type: 't', data: '' }));
    await refuses('invalid-input', log.append('s', all));
    equal(await log.head('s'), 0);
    await log.append('s', all.slice(1));
    equal(await log.head('s'), maxEntries);
  }),
  contractCase('[LOG-INPUT] refuses more data than fits, and takes what does', async ({ log }) => {
    const data = 'x'.repeat(maxLength / 2);
    await refuses('invalid-input', log.append('s', entries(data, data, 'x')));
    equal(await log.head('s'), 0);
    equal(await log.append('s', entries(data, data)), { first: 1, last: 2, replayed: false });
    equal((await log.read('s', { after: 1 }))[0]?.data.length, data.length);
  }),
  contractCase('[LOG-INPUT] refuses half of a surrogate pair, wherever it stands', async ({ log }) => {
    const whole = entries('a');
    await refuses('invalid-input', log.append('s', [...whole, { type: 't', data: `x${half}y` }]));
    await refuses('invalid-input', log.append('s', [...whole, { type: half, data: '' }]));
    await refuses('invalid-input', log.append('s', whole, { index: { owner: 'o', title: half } }));
    await refuses('invalid-input', log.append('s', whole, { index: { owner: 'o', title: '', text: half } }));
    equal(await log.head('s'), 0);
    await log.append('s', entries('🚀'));
    await refuses('invalid-input', log.trim('s', [folded({ from: 1, offset: 1, data: half })]));
    equal((await log.read('s', { after: 0 }))[0]?.data, '🚀');
  }),
  contractCase('[LOG-INPUT] refuses a limit that is no positive integer', async ({ log }) => {
    await log.append('s', entries('a'), { index: { owner: 'o', title: 't' } });
    for (const limit of [0, -1, 1.5, NaN, Infinity]) {
      await refuses('invalid-input', log.read('s', { after: 0, limit }));
      await refuses('invalid-input', log.list('o', { limit }));
      await refuses('invalid-input', log.untrimmed({ quietSinceMs: 1, limit }));
    }
  }),
];
