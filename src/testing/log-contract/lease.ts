// Leases: who holds one, for how long, and what a clock that jumps may do to it.
import { assert } from '../../core/assert.ts';
import { acquired, contractCase, entries, equal, readAll, refuses } from './case.ts';

export const leaseCases = [
  contractCase(
    '[LOG-LEASE-ONE] gives a lease to one, and to the next when its time is over',
    async ({ log, clock }) => {
      const first = await acquired(log, 'l');
      equal(first, { name: 'l', epoch: first.epoch, expiresAtMs: clock.now() + 1_000 });
      equal(await log.leases.acquire('l', { ttlMs: 1_000 }), null);
      assert((await acquired(log, 'other')).epoch > first.epoch, 'each holder has a higher epoch than all before');
      await clock.advance(999);
      equal(await log.leases.acquire('l', { ttlMs: 1_000 }), null);
      await clock.advance(1);
      const second = await acquired(log, 'l');
      assert(second.epoch > first.epoch, 'a later holder has a higher epoch');
    },
  ),
  contractCase('[LOG-LEASE-ONE] gives it to one of many who ask at once', async ({ log }) => {
    const asked = Array.from({ length: 10 }, () => log.leases.acquire('l', { ttlMs: 1_000 }));
    const given = (await Promise.all(asked)).filter((lease) => lease !== null);
    equal(given.length, 1);
  }),
  contractCase('[LOG-FENCE] lets only the newest epoch of a lease append', async ({ log, clock }) => {
    const old = await acquired(log, 'l');
    await log.append('s', entries('a'), { lease: old });
    await clock.advance(1_000);
    // Its time is over, but nobody has taken it: it may go on.
    await log.append('s', entries('b'), { lease: old });
    const next = await acquired(log, 'l');
    await refuses('lease-lost', log.append('s', entries('zombie'), { lease: old }));
    await refuses('lease-lost', log.append('s', entries('guess'), { lease: { name: 'l', epoch: next.epoch + 1 } }));
    await log.append('s', entries('c'), { lease: next });
    equal(await readAll(log, 's'), ['1:a', '2:b', '3:c']);
  }),
  contractCase('[LOG-FENCE] refuses an append under a lease that was released, or never given', async ({ log }) => {
    const lease = await acquired(log, 'l');
    await log.leases.release(lease);
    await refuses('lease-lost', log.append('s', entries('a'), { lease }));
    await refuses('lease-lost', log.append('s', entries('a'), { lease: { name: 'none', epoch: 1 } }));
    equal(await log.head('s'), 0);
    const next = await acquired(log, 'l');
    assert(next.epoch > lease.epoch, 'an epoch is never given twice');
    await refuses('lease-lost', log.append('s', entries('a'), { lease }));
  }),
  contractCase(
    '[LOG-LEASE-RENEW] holds a lease from now on, also one that ran out and was not taken',
    async ({ log, clock }) => {
      const lease = await acquired(log, 'l');
      await clock.advance(900);
      equal(await log.leases.renew(lease, { ttlMs: 1_000 }), { ...lease, expiresAtMs: clock.now() + 1_000 });
      await clock.advance(999);
      equal(await log.leases.acquire('l', { ttlMs: 1 }), null);
      await clock.advance(500);
      equal(await log.leases.renew(lease, { ttlMs: 50 }), { ...lease, expiresAtMs: clock.now() + 50 });
      equal(await log.leases.acquire('l', { ttlMs: 1 }), null);
    },
  ),
  contractCase(
    '[LOG-LEASE-RENEW] gives null where another has taken it, or it was released',
    async ({ log, clock }) => {
      const old = await acquired(log, 'l');
      await clock.advance(1_000);
      const next = await acquired(log, 'l');
      equal(await log.leases.renew(old, { ttlMs: 9_000 }), null);
      await log.leases.release(old);
      equal(await log.leases.acquire('l', { ttlMs: 1 }), null);
      await log.leases.release(next);
      equal(await log.leases.renew(next, { ttlMs: 1_000 }), null);
      equal(await log.leases.renew({ name: 'none', epoch: 1, expiresAtMs: 0 }, { ttlMs: 1_000 }), null);
      equal(await log.leases.expired(), []);
    },
  ),
  contractCase('[LOG-LEASE-RENEW] gives a lease up for another with a time of 0', async ({ log }) => {
    const lease = await acquired(log, 'l');
    await log.leases.renew(lease, { ttlMs: 0 });
    equal(await log.leases.expired(), ['l']);
    await log.append('s', entries('a'), { lease });
    assert((await acquired(log, 'l')).epoch > lease.epoch, 'the next has a higher epoch');
    await refuses('lease-lost', log.append('s', entries('b'), { lease }));
  }),
  contractCase(
    '[LOG-LEASE-EXPIRED] names leases that ran out, and none that were renewed or released',
    async ({ log, clock }) => {
      const renewed = await acquired(log, 'renewed');
      const released = await acquired(log, 'released');
      await acquired(log, 'cut');
      const retaken = await acquired(log, 'retaken', 10);
      await clock.advance(900);
      await log.leases.renew(renewed, { ttlMs: 1_000 });
      await log.leases.release(released);
      equal(await log.leases.expired(), ['retaken']);
      assert((await acquired(log, 'retaken', 5_000)).epoch > retaken.epoch, 'who takes it over has a higher epoch');
      await clock.advance(100);
      equal(await log.leases.expired(), ['cut']);
    },
  ),
  contractCase('[LOG-LEASE-CLOCK] [LOG-FENCE] lets one write, wherever the clock jumps', async ({ log, clock }) => {
    // Forward: the lease runs out early. Back: it holds for longer. Either way there is one writer.
    const first = await acquired(log, 'l');
    clock.jump(clock.now() + 3_600_000);
    const second = await acquired(log, 'l');
    clock.jump(clock.now() - 7_200_000);
    await refuses('lease-lost', log.append('s', entries('first'), { lease: first }));
    equal(await log.leases.renew(first, { ttlMs: 1_000 }), null);
    equal(await log.leases.acquire('l', { ttlMs: 1_000 }), null);
    await log.append('s', entries('second'), { lease: second });
    // A renewal counts from the time that it is now: the jump is over with it.
    const renewed = await log.leases.renew(second, { ttlMs: 1_000 });
    equal(renewed?.expiresAtMs, clock.now() + 1_000);
    await clock.advance(1_000);
    const third = await acquired(log, 'l');
    await refuses('lease-lost', log.append('s', entries('second'), { lease: second }));
    await log.append('s', entries('third'), { lease: third });
    equal(await readAll(log, 's'), ['1:second', '2:third']);
  }),
];
