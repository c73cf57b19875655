// Closing the log, and what tells stores apart.
import { assert } from '../../core/assert.ts';
import { acquired, contractCase, entries, equal, folded, refuses } from './case.ts';

export const closeCases = [
  contractCase('[LOG-CLOSE] closes twice without harm, and refuses work after that', async ({ log }) => {
    await log.append('s', entries('a'));
    const lease = await acquired(log, 'l');
    await Promise.all([log.close(), log.close()]);
    await log.close();
    await refuses('store-unavailable', log.append('s', entries('a')));
    await refuses('store-unavailable', log.find('s', 'k'));
    await refuses('store-unavailable', log.read('s', { after: 0 }));
    await refuses('store-unavailable', log.head('s'));
    await refuses('store-unavailable', log.trim('s', [folded({ from: 1, offset: 1, data: 'x' })]));
    await refuses('store-unavailable', log.untrimmed({ quietSinceMs: 1, limit: 1 }));
    await refuses('store-unavailable', log.list('o'));
    await refuses('store-unavailable', log.delete('s'));
    await refuses('store-unavailable', log.leases.acquire('l', { ttlMs: 1 }));
    await refuses('store-unavailable', log.leases.renew(lease, { ttlMs: 1 }));
    await refuses('store-unavailable', log.leases.release(lease));
    await refuses('store-unavailable', log.leases.expired());
  }),
  contractCase('[LOG-CLOSE] finishes what was called before', async ({ log }) => {
    const appends = Array.from({ length: 50 }, (_, n) => log.append(`s${n % 5}`, entries(`${n}`), { key: `k${n}` }));
    const lease = log.leases.acquire('l', { ttlMs: 1_000 });
    await log.close();
    const results = await Promise.all(appends);
    equal(
      results.map(({ last }) => last),
      results.map((_, n) => Math.floor(n / 5) + 1),
    );
    assert((await lease) !== null, 'a lease that was asked for before is given');
  }),
  contractCase('[LOG-EPOCH] names the store with letters and digits that a cursor can carry', async ({ log }) => {
    assert(/^[0-9a-z]{1,20}$/.test(log.epoch), `expected 1 to 20 lower-case letters and digits, got ${log.epoch}`);
  }),
];
