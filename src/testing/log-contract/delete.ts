// Deleting a stream: what is gone, who is told, what stays.
import {
  acquired,
  collect,
  contractCase,
  entries,
  equal,
  folded,
  follower,
  nextStep,
  readAll,
  refuses,
} from './case.ts';
import type { Log } from '../../log/log.ts';

async function refusesAll(log: Log, stream: string): Promise<void> {
  await refuses('stream-deleted', log.append(stream, entries('b')));
  await refuses('stream-deleted', log.append(stream, entries('b'), { key: 'k', expectedOffset: 0 }));
  await refuses('stream-deleted', log.find(stream, 'k'));
  await refuses('stream-deleted', log.read(stream, { after: 0 }));
  await refuses('stream-deleted', log.head(stream));
  await refuses('stream-deleted', log.trim(stream, [folded({ from: 1, offset: 1, data: 'x' })]));
  await refuses('stream-deleted', collect(log, stream, { after: 0, until: 1 }));
}

export const deleteCases = [
  contractCase('[LOG-DELETE] removes the stream for good', async ({ log }) => {
    await log.append('s', entries('a'), { key: 'k', index: { owner: 'o', title: 'rose', text: 'tulip' } });
    await log.append('other', entries('a'), { index: { owner: 'o', title: 'rose' } });
    equal(await log.delete('s'), true);
    await refusesAll(log, 's');
    for (const search of ['', 'rose'])
      equal(
        (await log.list('o', { search })).rows.map(({ stream }) => stream),
        ['other'],
      );
    equal((await log.list('o', { search: 'tulip' })).rows, []);
    equal(await log.untrimmed({ quietSinceMs: Number.MAX_SAFE_INTEGER, limit: 9 }), ['other']);
    equal(await readAll(log, 'other'), ['1:a']);
  }),
  contractCase('[LOG-DELETE] says whether there was one, and leaves no trace where there was none', async ({ log }) => {
    equal(await log.delete('s'), false);
    await log.append('s', entries('a'));
    equal(await readAll(log, 's'), ['1:a']);
    equal(await log.delete('s'), true);
    equal(await log.delete('s'), false);
    await refusesAll(log, 's');
  }),
  contractCase('[LOG-DELETE] [LOG-ORDER] comes in the order of the calls, with appends', async ({ log }) => {
    const results = await Promise.allSettled([
      log.append('s', entries('a')),
      log.delete('s'),
      log.append('s', entries('b')),
      log.delete('s'),
    ]);
    equal(
      results.map((result) => (result.status === 'fulfilled' ? result.value : result.status)),
      [{ first: 1, last: 1, replayed: false }, true, 'rejected', false],
    );
    await refusesAll(log, 's');
  }),
  contractCase('[LOG-DELETE] [LOG-FOLLOW-END] ends followers with stream-deleted', async ({ log }) => {
    const waiting = follower(log, 's', 0);
    const first = nextStep(waiting);
    await log.append('s', entries('a'));
    await first;
    const slow = follower(log, 's', 0);
    await nextStep(slow);
    const next = refuses('stream-deleted', nextStep(waiting));
    await log.delete('s');
    await next;
    await refuses('stream-deleted', nextStep(slow));
    equal((await slow.next()).done, true);
  }),
  contractCase('[LOG-DELETE] lets go of trimmed streams, too', async ({ log }) => {
    await log.append('s', entries('a', 'b'));
    await log.trim('s', [folded({ from: 1, offset: 2, data: 'ab' })]);
    equal(await log.delete('s'), true);
    await refusesAll(log, 's');
  }),
  contractCase('[LOG-DELETE] touches no lease', async ({ log }) => {
    const lease = await acquired(log, 's');
    await log.append('s', entries('a'), { lease });
    await log.delete('s');
    equal(await log.leases.acquire('s', { ttlMs: 1 }), null);
    await log.append('other', entries('a'), { lease });
    equal(await readAll(log, 'other'), ['1:a']);
  }),
];
