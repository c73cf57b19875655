// The owner's index: its order, its pages, renaming.
import { contractCase, entries, equal, listAll, refuses } from './case.ts';
import type { Log } from '../../log/log.ts';

async function put(log: Log, stream: string, options: { owner?: string; title?: string } = {}): Promise<void> {
  const { owner = 'o', title = stream } = options;
  await log.append(stream, entries('a'), { index: { owner, title } });
}

export const listCases = [
  contractCase("[LOG-LIST] lists an owner's streams, the last written row first", async ({ log, clock }) => {
    const createdAtMs = clock.now();
    await put(log, 's1', { title: 'one' });
    await clock.advance(5);
    await put(log, 's2', { title: 'two' });
    await put(log, 's3', { owner: 'somebody else' });
    await log.append('unlisted', entries('a'));
    const second = { stream: 's2', title: 'two', createdAtMs: createdAtMs + 5, updatedAtMs: createdAtMs + 5 };
    equal(await log.list('o'), {
      rows: [second, { stream: 's1', title: 'one', createdAtMs, updatedAtMs: createdAtMs }],
      next: null,
    });
    await clock.advance(5);
    // Without `index` an append leaves the row where it is.
    await log.append('s1', entries('b'));
    equal((await log.list('o')).rows[0], second);
    await put(log, 's1', { title: 'renamed' });
    equal(await log.list('o'), {
      rows: [{ stream: 's1', title: 'renamed', createdAtMs, updatedAtMs: createdAtMs + 10 }, second],
      next: null,
    });
    equal(await log.list('nobody'), { rows: [], next: null });
  }),
  contractCase('[LOG-LIST] puts rows of one moment in the order of creation, the newest first', async ({ log }) => {
    for (const name of ['b', 'a', 'c']) await put(log, name);
    await put(log, 'b');
    equal(await listAll(log, { limit: 9 }), ['c', 'a', 'b']);
  }),
  contractCase('[LOG-LIST] gives a stream that comes into the index later that time', async ({ log, clock }) => {
    await log.append('s', entries('a'));
    await clock.advance(7);
    await put(log, 's');
    const atMs = clock.now();
    equal((await log.list('o')).rows, [{ stream: 's', title: 's', createdAtMs: atMs, updatedAtMs: atMs }]);
  }),
  contractCase('[LOG-LIST] moves a stream to another owner', async ({ log }) => {
    await put(log, 's');
    await put(log, 's', { owner: 'new' });
    equal((await log.list('o')).rows, []);
    equal(
      (await log.list('new')).rows.map(({ stream }) => stream),
      ['s'],
    );
  }),
  contractCase('[LOG-LIST] keeps titles as they are', async ({ log }) => {
    const titles = ['', ' ', '🧑‍🚀 "quoted" \\ %_', 'e\u0301'];
    for (const title of titles) {
      await put(log, 's', { title });
      equal((await log.list('o')).rows[0]?.title, title);
    }
  }),
  contractCase(
    '[LOG-PAGE] goes on where the page before ended, also among rows of one moment',
    async ({ log, clock }) => {
      const names = Array.from({ length: 11 }, (_, n) => `s${n}`);
      for (const [index, name] of names.entries()) {
        await put(log, name);
        await put(log, `other ${name}`, { owner: 'other' });
        if (index % 4 === 3) await clock.advance(1);
      }
      const expected = names.toReversed();
      for (const limit of [1, 2, 3, 5, 10, 11, 12]) equal(await listAll(log, { limit }), expected);
    },
  ),
  contractCase('[LOG-PAGE] gives 100 rows where no limit is given', async ({ log }) => {
    await Promise.all(Array.from({ length: 101 }, (_, n) => put(log, `s${n}`)));
    const { rows, next } = await log.list('o');
    equal(rows.length, 100);
    equal((await log.list('o', { pageToken: next ?? '' })).rows.length, 1);
  }),
  contractCase(
    '[LOG-PAGE] skips and repeats no row that stays where it is, while others move',
    async ({ log, clock }) => {
      const names = Array.from({ length: 12 }, (_, n) => `s${n}`);
      for (const name of names) {
        await put(log, name);
        await clock.advance(1);
      }
      // With each page the row at its end, and one that is still to come, move to the front; one goes.
      const moved = new Map([
        [1, ['s10', 's2']],
        [2, ['s8', 's1']],
        [3, ['s6']],
      ]);
      const seen = await listAll(log, { limit: 2 }, async (page) => {
        await clock.advance(1);
        for (const name of moved.get(page) ?? []) await put(log, name);
        if (page === 2) await log.delete('s5');
      });
      equal(seen, ['s11', 's10', 's9', 's8', 's7', 's6', 's4', 's3', 's0']);
    },
  ),
  contractCase('[LOG-PAGE] refuses a token that is none, and takes any that was given', async ({ log }) => {
    await put(log, 's1');
    await put(log, 's2');
    for (const pageToken of ['', 'x', '1', '1-', '-1-2', '1-2-3', '1e3-1', ' 1-2', '9'.repeat(40), "1-2' OR 1"]) {
      await refuses('page-token-invalid', log.list('o', { pageToken }));
    }
    const { next } = await log.list('o', { limit: 1 });
    await log.delete('s1');
    await log.delete('s2');
    equal(await log.list('o', { pageToken: next ?? '' }), { rows: [], next: null });
  }),
  contractCase("[LOG-PAGE] shows nobody another owner's rows by a token", async ({ log }) => {
    for (const name of ['s1', 's2', 's3']) await put(log, name);
    const { next } = await log.list('o', { limit: 1 });
    equal(await log.list('other', { pageToken: next ?? '' }), { rows: [], next: null });
  }),
];
