// Appending: offsets, order, all or nothing, expected offsets, keys.
import { assert } from '../../core/assert.ts';
import { acquired, contractCase, entries, equal, readAll, refuses } from './case.ts';

export const appendCases = [
  contractCase('[LOG-OFFSET] gives offsets from 1 on without a hole, in each stream by itself', async ({ log }) => {
    equal(await log.head('s'), 0);
    equal(await log.append('s', entries('a', 'b')), { first: 1, last: 2, replayed: false });
    equal(await log.append('s', entries('c')), { first: 3, last: 3, replayed: false });
    equal(await log.append('other', entries('x')), { first: 1, last: 1, replayed: false });
    equal(await readAll(log, 's'), ['1:a', '2:b', '3:c']);
    equal(await log.head('s'), 3);
  }),
  contractCase('[LOG-ENTRY] keeps type, data and the time of the commit', async ({ log, clock }) => {
    const data = '{"text":"line\\nbreak\r\n \\ud83d 🧑‍🚀 \\u0000 \u0000 \ufeff \ufffd ünï"}';
    await log.append('s', [
      { type: 'delta', data },
      { type: '', data: '' },
    ]);
    const atMs = clock.now();
    equal(await log.read('s', { after: 0 }), [
      { from: 1, offset: 1, type: 'delta', data, atMs },
      { from: 2, offset: 2, type: '', data: '', atMs },
    ]);
  }),
  contractCase('[LOG-ENTRY] keeps times as the clock gave them, also where it was set back', async ({ log, clock }) => {
    await log.append('s', entries('a'));
    clock.jump(500);
    await log.append('s', entries('b'));
    equal(
      (await log.read('s', { after: 0 })).map(({ atMs }) => atMs),
      [1_000_000, 500],
    );
  }),
  contractCase(
    '[LOG-ORDER] writes appends that are made without waiting in the order of the calls',
    async ({ log }) => {
      const count = 300;
      const calls = Array.from({ length: count }, (_, n) => log.append('s', entries(`${n}`, `${n}+`)));
      const results = await Promise.all(calls);
      equal(
        results.map(({ first }) => first),
        Array.from({ length: count }, (_, n) => 2 * n + 1),
      );
      const data = (await log.read('s', { after: 0 })).map((entry) => entry.data);
      equal(data, Array.from({ length: count }, (_, n) => [`${n}`, `${n}+`]).flat());
    },
  ),
  contractCase(
    '[LOG-ORDER] [LOG-EXPECT] checks each append against those that were called before it',
    async ({ log }) => {
      const results = await Promise.allSettled([
        log.append('s', entries('a'), { expectedOffset: 0 }),
        log.append('s', entries('refused'), { expectedOffset: 0 }),
        log.append('s', entries('b'), { expectedOffset: 1 }),
        log.append('s', entries('c')),
      ]);
      equal(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
      );
      equal(await readAll(log, 's'), ['1:a', '2:b', '3:c']);
    },
  ),
  contractCase('[LOG-ATOMIC] [LOG-EXPECT] refuses a wrong expected offset and writes nothing', async ({ log }) => {
    await log.append('s', entries('a'), { expectedOffset: 0 });
    const index = { owner: 'o', title: 'x' };
    await refuses('offset-conflict', log.append('s', entries('b', 'c'), { expectedOffset: 0, key: 'k', index }));
    await refuses('offset-conflict', log.append('new', entries('b', 'c'), { expectedOffset: 1, key: 'k', index }));
    equal(await log.head('s'), 1);
    equal(await log.head('new'), 0);
    equal(await log.find('s', 'k'), null);
    equal((await log.list('o')).rows, []);
    const retried = await log.append('s', entries('b', 'c'), { expectedOffset: 1, key: 'k' });
    equal(retried, { first: 2, last: 3, replayed: false });
  }),
  contractCase('[LOG-DURABLE] shows an append to every read that comes after its answer', async ({ log }) => {
    for (let n = 1; n <= 20; n += 1) {
      const { last } = await log.append('s', entries(`${n}`), { key: `k${n}`, index: { owner: 'o', title: `${n}` } });
      const [head, step, found, page] = await Promise.all([
        log.head('s'),
        log.read('s', { after: last - 1 }),
        log.find('s', `k${n}`),
        log.list('o'),
      ]);
      equal([head, step.map(({ data }) => data), found?.last, page.rows[0]?.title], [n, [`${n}`], n, `${n}`]);
    }
  }),
  contractCase(
    '[LOG-KEY] answers a key that was seen with the first result, in each stream by itself',
    async ({ log }) => {
      const first = await log.append('s', entries('a', 'b'), { key: 'k' });
      await log.append('s', entries('c'));
      equal(await log.append('s', entries('other', 'text', 'here'), { key: 'k' }), { ...first, replayed: true });
      equal(await log.append('t', entries('a'), { key: 'k' }), { first: 1, last: 1, replayed: false });
      equal(await log.find('s', 'k'), { ...first, replayed: true });
      equal(await log.find('s', 'other'), null);
      equal(await log.find('missing', 'k'), null);
      equal(await log.head('s'), 3);
    },
  ),
  contractCase('[LOG-KEY] tells keys apart by every character', async ({ log }) => {
    const keys = ['k', 'K', 'k ', ' k', 'é', 'e\u0301', '%', '_', "'"];
    for (const key of keys) await log.append('s', entries(key), { key });
    for (const [index, key] of keys.entries()) {
      equal(await log.find('s', key), { first: index + 1, last: index + 1, replayed: true });
    }
  }),
  contractCase('[LOG-KEY] answers a key before it looks at lease and offset, and changes no index', async ({ log }) => {
    const lease = await acquired(log, 'l');
    const index = { owner: 'o', title: 'first' };
    const first = await log.append('s', entries('a'), { key: 'k', lease, expectedOffset: 0, index });
    await log.leases.release(lease);
    const again = { key: 'k', lease, expectedOffset: 0, index: { owner: 'o', title: 'again' } };
    equal(await log.append('s', entries('a'), again), { ...first, replayed: true });
    equal((await log.list('o')).rows[0]?.title, 'first');
  }),
  contractCase('[LOG-KEY] keeps no key of an append that was refused', async ({ log }) => {
    const lease = await acquired(log, 'l');
    await log.leases.release(lease);
    await refuses('lease-lost', log.append('s', entries('a'), { key: 'k', lease }));
    equal(await log.find('s', 'k'), null);
    equal(await log.append('s', entries('a'), { key: 'k' }), { first: 1, last: 1, replayed: false });
  }),
  contractCase('[LOG-KEY] writes once where the same key is appended many times at once', async ({ log }) => {
    const calls = Array.from({ length: 20 }, (_, n) => log.append('s', entries(`${n}`, 'more'), { key: 'k' }));
    const others = Array.from({ length: 5 }, (_, n) => log.append('s', entries(`other ${n}`), { key: `k${n}` }));
    const results = await Promise.all(calls);
    await Promise.all(others);
    equal(results[0], { first: 1, last: 2, replayed: false });
    for (const result of results.slice(1)) equal(result, { first: 1, last: 2, replayed: true });
    equal(await log.head('s'), 7);
  }),
  contractCase('[LOG-ATOMIC] [LOG-KEY] repeats nothing where the first of two at once is refused', async ({ log }) => {
    const [refused, written] = await Promise.allSettled([
      log.append('s', entries('a'), { key: 'k', expectedOffset: 7 }),
      log.append('s', entries('b'), { key: 'k' }),
    ]);
    equal([refused.status, written.status], ['rejected', 'fulfilled']);
    assert(written.status === 'fulfilled' && !written.value.replayed, 'what was refused has no result to repeat');
    equal(await readAll(log, 's'), ['1:b']);
  }),
];
