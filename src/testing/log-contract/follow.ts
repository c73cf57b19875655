// Following: hand-over, growing steps, sharing, how it ends.
import { assert } from '../../core/assert.ts';
import { collect, contractCase, entries, equal, follower, nextStep, refuses, summary } from './case.ts';

export const followCases = [
  contractCase(
    '[LOG-FOLLOW] gives what is stored, then what is appended, without a gap or a repeat',
    async ({ log }) => {
      await log.append('s', entries('a', 'b'));
      const seen = collect(log, 's', { after: 1, until: 5 });
      await log.append('s', entries('c'));
      await log.append('s', entries('d', 'e'));
      equal(await seen, ['2:b', '3:c', '4:d', '5:e']);
    },
  ),
  contractCase('[LOG-FOLLOW] hands over at any moment of an append', async ({ log }) => {
    const total = 60;
    const followers: Array<Promise<string[]>> = [];
    const appends: Array<Promise<unknown>> = [];
    for (let n = 1; n <= total; n += 1) {
      appends.push(log.append('s', entries(`${n}`)));
      followers.push(collect(log, 's', { after: 0, until: total }));
      // Every third waits for the answer, so that some begin before a commit, some in it, some behind it.
      if (n % 3 === 0) await Promise.all(appends);
    }
    const expected = Array.from({ length: total }, (_, n) => `${n + 1}:${n + 1}`);
    for (const seen of await Promise.all(followers)) equal(seen, expected);
  }),
  contractCase('[LOG-FOLLOW] waits for a stream that does not exist yet', async ({ log }) => {
    const seen = collect(log, 's', { after: 0, until: 1 });
    await log.append('other', entries('x'));
    await log.append('s', entries('a'));
    equal(await seen, ['1:a']);
  }),
  contractCase('[LOG-FOLLOW] waits beyond the end for the entry that it was told to wait for', async ({ log }) => {
    await log.append('s', entries('a'));
    const seen = collect(log, 's', { after: 3, until: 5 });
    for (const data of ['b', 'c', 'd', 'e']) await log.append('s', entries(data));
    equal(await seen, ['4:d', '5:e']);
  }),
  contractCase('[LOG-FOLLOW] gives a slow reader all that has come in one step', async ({ log }) => {
    const steps = follower(log, 's', 0);
    const first = nextStep(steps);
    await log.append('s', entries('a'));
    equal(summary(await first), ['1:a']);
    for (const data of ['b', 'c', 'd']) await log.append('s', entries(data));
    equal(summary(await nextStep(steps)), ['2:b', '3:c', '4:d']);
    await steps.return?.();
  }),
  contractCase('[LOG-DURABLE] gives a follower only what every read gives, too', async ({ log }) => {
    const total = 30;
    async function check(): Promise<void> {
      for await (const step of log.follow('s', { after: 0 })) {
        const last = step.at(-1)?.offset ?? 0;
        assert((await log.head('s')) >= last, 'the head is not before what a follower was given');
        equal(await log.read('s', { after: (step[0]?.offset ?? 1) - 1, limit: step.length }), step);
        if (last >= total) return;
      }
    }
    const readers = [check(), check()];
    for (let n = 0; n < total; n += 1) await log.append('s', entries(`${n}`));
    await Promise.all(readers);
  }),
  contractCase('[LOG-SHARED] gives readers at the same offset the identical array', async ({ log }) => {
    await log.append('s', entries('a', 'b'));
    const readers = [0, 0, 0].map((after) => follower(log, 's', after));
    async function stepOfAll(): Promise<void> {
      const [first, ...others] = await Promise.all(readers.map((reader) => nextStep(reader)));
      for (const other of others) assert(other === first, 'the step is shared by its identity');
    }
    await stepOfAll();
    // Now they wait for what comes.
    const live = stepOfAll();
    await log.append('s', entries('c'));
    await live;
    for (const reader of readers) await reader.return?.();
  }),
  contractCase(
    '[LOG-FOLLOW-END] ends when its signal aborts, also where it waits or has not begun',
    async ({ log }) => {
      await log.append('s', entries('a'));
      const controller = new AbortController();
      const { signal } = controller;
      const steps = log.follow('s', { after: 0, signal })[Symbol.asyncIterator]();
      await nextStep(steps);
      const waiting = steps.next();
      // Time enough to have found that there is nothing more.
      for (let n = 0; n < 3; n += 1) await log.read('s', { after: 1 });
      controller.abort(new Error('This reason is nobody’s failure.'));
      equal((await waiting).done, true);
      equal(await collect(log, 's', { after: 0, until: 9, signal }), []);
    },
  ),
  contractCase('[LOG-FOLLOW-END] is freed by return(), also where it waits', async ({ log }) => {
    await log.append('s', entries('a'));
    const steps = follower(log, 's', 0);
    await nextStep(steps);
    const waiting = steps.next();
    await steps.return?.();
    equal((await waiting).done, true);
    equal((await steps.next()).done, true);
  }),
  contractCase(
    '[LOG-FOLLOW-END] [LOG-CLOSE] ends when the log closes, and at once where it is closed',
    async ({ log }) => {
      const seen = collect(log, 's', { after: 0, until: 9 });
      const other = collect(log, 'other', { after: 0, until: 9 });
      await log.append('s', entries('a'));
      await log.close();
      assert((await seen).length <= 1, 'nothing comes after the close');
      equal(await other, []);
      equal(await collect(log, 's', { after: 0, until: 9 }), []);
    },
  ),
  contractCase('[LOG-FOLLOW] one that breaks off holds up nobody', async ({ log }) => {
    const stuck = follower(log, 's', 0);
    const begun = nextStep(stuck);
    const seen = collect(log, 's', { after: 0, until: 20 });
    for (let n = 1; n <= 20; n += 1) await log.append('s', entries(`${n}`));
    await begun;
    equal((await seen).length, 20);
    // It has not been asked since; an end frees it all the same.
    await log.close();
    equal((await stuck.next()).done, true);
    await refuses('store-unavailable', log.head('s'));
  }),
];
