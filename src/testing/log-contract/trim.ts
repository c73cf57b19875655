// Trimming: what stands in the place of what, whom it concerns, and which streams wait for it.
import { assert } from '../../core/assert.ts';
import { isStreamError } from '../../core/errors.ts';
import type { Log } from '../../log/log.ts';
import {
  collect,
  contractCase,
  entries,
  equal,
  folded,
  follower,
  nextStep,
  readAll,
  refuses,
  summary,
} from './case.ts';

const future = { quietSinceMs: Number.MAX_SAFE_INTEGER, limit: 100 };

/** Entries a to f, of which b, c and d are one. */
async function trimmed(log: Log): Promise<void> {
  await log.append('s', entries('a', 'b', 'c', 'd', 'e', 'f'), { key: 'k' });
  await log.trim('s', [folded({ from: 2, offset: 4, data: 'bcd' })]);
}

function large(n: number): string {
  return `${n}.`.padEnd(3_000, 'x');
}

export const trimCases = [
  contractCase(
    '[LOG-TRIM] puts entries in the place of those that they cover, and leaves the rest',
    async ({ log }) => {
      await trimmed(log);
      equal(await readAll(log, 's'), ['1:a', '2-4:bcd', '5:e', '6:f']);
      equal(await log.head('s'), 6);
      equal((await log.read('s', { after: 1, limit: 1 }))[0], { type: 't', data: 'bcd', from: 2, offset: 4, atMs: 1 });
      equal(await log.append('s', entries('g')), { first: 7, last: 7, replayed: false });
      equal(summary(await log.read('s', { after: 4 })), ['5:e', '6:f', '7:g']);
    },
  ),
  contractCase(
    '[LOG-EXPIRED] refuses offsets within what became one entry, and takes those at its borders',
    async ({ log }) => {
      await trimmed(log);
      for (const after of [2, 3]) {
        await refuses('offset-expired', log.read('s', { after }));
        await refuses('offset-expired', log.read('s', { after, limit: 1 }));
        await refuses('offset-expired', collect(log, 's', { after, until: 6 }));
      }
      const all = ['1:a', '2-4:bcd', '5:e', '6:f'];
      for (const [after, skipped] of [
        [0, 0],
        [1, 1],
        [4, 2],
        [5, 3],
      ] as const) {
        equal(summary(await log.read('s', { after })), all.slice(skipped));
        equal(await collect(log, 's', { after, until: 6 }), all.slice(skipped));
      }
      equal(await log.read('s', { after: 6 }), []);
    },
  ),
  contractCase('[LOG-EXPIRED] tells where one can read on', async ({ log }) => {
    await trimmed(log);
    const error: unknown = await log.read('s', { after: 3 }).catch((reason: unknown) => reason);
    assert(isStreamError(error, 'offset-expired'), 'it is refused');
    equal(error.details, { after: 3, from: 2, through: 4 });
  }),
  contractCase('[LOG-TRIM] [LOG-FOLLOW] disturbs no follower at the end of the stream', async ({ log }) => {
    const steps = follower(log, 's', 0);
    const first = nextStep(steps);
    await log.append('s', entries('a', 'b', 'c'));
    equal(summary(await first), ['1:a', '2:b', '3:c']);
    const next = nextStep(steps);
    // One that has read and does not ask: what it was given may still be shared.
    const idle = follower(log, 's', 0);
    await nextStep(idle);
    await log.trim('s', [folded({ from: 1, offset: 3, data: 'abc' })]);
    // What was shared before the trim is not handed out any more.
    equal(await collect(log, 's', { after: 0, until: 3 }), ['1-3:abc']);
    await log.append('s', entries('d'));
    equal(summary(await next), ['4:d']);
    equal(summary(await nextStep(idle)), ['4:d']);
    await steps.return?.();
    await idle.return?.();
  }),
  contractCase('[LOG-EXPIRED] [LOG-FOLLOW] tells a follower that stands within it', async ({ log }) => {
    const steps = follower(log, 's', 0);
    const first = nextStep(steps);
    await log.append('s', entries('a', 'b'));
    await first;
    await log.append('s', entries('c', 'd'));
    await log.trim('s', [folded({ from: 1, offset: 4, data: 'abcd' })]);
    await refuses('offset-expired', steps.next());
    equal((await steps.next()).done, true);
  }),
  contractCase('[LOG-TRIM] takes what was trimmed before, as a whole, with more around it', async ({ log }) => {
    await trimmed(log);
    await log.trim('s', [folded({ from: 2, offset: 4, data: 'BCD' })]);
    await log.append('s', entries('g'));
    await log.trim('s', [folded({ from: 1, offset: 5, data: 'ABCDE' }), folded({ from: 6, offset: 6, data: 'F' })]);
    equal(await readAll(log, 's'), ['1-5:ABCDE', '6:F', '7:g']);
    await log.trim('s', [folded({ from: 1, offset: 7, data: 'all' })]);
    equal(await readAll(log, 's'), ['1-7:all']);
    equal(await log.append('s', entries('h')), { first: 8, last: 8, replayed: false });
  }),
  contractCase(
    '[LOG-TRIM] refuses a range that does not begin and end where entries do, and writes nothing',
    async ({ log }) => {
      await trimmed(log);
      const ranges = [
        [3, 5],
        [1, 3],
        [3, 3],
        [4, 4],
        [1, 7],
        [7, 8],
        [6, 9],
      ] as const;
      for (const [from, offset] of ranges) {
        await refuses('offset-conflict', log.trim('s', [folded({ from, offset, data: 'x' })]));
      }
      await refuses('offset-conflict', log.trim('missing', [folded({ from: 1, offset: 1, data: 'x' })]));
      equal(await readAll(log, 's'), ['1:a', '2-4:bcd', '5:e', '6:f']);
      equal(await log.delete('missing'), false);
    },
  ),
  contractCase('[LOG-TRIM] refuses entries that do not follow each other', async ({ log }) => {
    await log.append('s', entries('a', 'b', 'c', 'd'));
    await refuses('invalid-input', log.trim('s', []));
    const [first, behind] = [folded({ from: 1, offset: 2, data: 'x' }), folded({ from: 4, offset: 4, data: 'y' })];
    await refuses('invalid-input', log.trim('s', [first, behind]));
    await refuses('invalid-input', log.trim('s', [behind, first]));
    await refuses('invalid-input', log.trim('s', [folded({ from: 0, offset: 2, data: 'x' })]));
    await refuses('invalid-input', log.trim('s', [folded({ from: 2, offset: 1, data: 'x' })]));
    equal(await readAll(log, 's'), ['1:a', '2:b', '3:c', '4:d']);
  }),
  contractCase('[LOG-TRIM] [LOG-KEY] leaves keys their first results', async ({ log }) => {
    await trimmed(log);
    equal(await log.append('s', entries('a'), { key: 'k' }), { first: 1, last: 6, replayed: true });
    equal(await log.find('s', 'k'), { first: 1, last: 6, replayed: true });
  }),
  contractCase('[LOG-TRIM] splits and joins as the entries say, in streams of any size', async ({ log, clock }) => {
    const count = 400;
    for (let n = 0; n < count; n += 40) {
      await log.append('s', entries(...Array.from({ length: 40 }, (_, m) => large(n + m + 1))));
      await clock.advance(20_000);
    }
    const replaced = Array.from({ length: 30 }, (_, n) =>
      folded({ from: 51 + n * 10, offset: 60 + n * 10, data: `#${n}` }),
    );
    await log.trim('s', replaced);
    const expected = [
      ...Array.from({ length: 50 }, (_, n) => `${n + 1}:${large(n + 1)}`),
      ...summary(replaced),
      ...Array.from({ length: 50 }, (_, n) => `${n + 351}:${large(n + 351)}`),
    ];
    equal(await readAll(log, 's'), expected);
    equal(await collect(log, 's', { after: 0, until: count }), expected);
  }),
  contractCase(
    '[LOG-UNTRIMMED] names streams that grew since they were trimmed, longest quiet first',
    async ({ log, clock }) => {
      for (const name of ['s1', 's2', 's3']) {
        await log.append(name, entries('a', 'b'));
        await clock.advance(10);
      }
      equal(await log.untrimmed(future), ['s1', 's2', 's3']);
      equal(await log.untrimmed({ ...future, limit: 2 }), ['s1', 's2']);
      await log.trim('s2', [folded({ from: 1, offset: 2, data: 'ab' })]);
      equal(await log.untrimmed(future), ['s1', 's3']);
      await log.append('s1', entries('c'));
      await clock.advance(10);
      await log.append('s2', entries('c'));
      equal(await log.untrimmed(future), ['s3', 's1', 's2']);
    },
  ),
  contractCase('[LOG-UNTRIMMED] names no stream that was written at or after quietSinceMs', async ({ log, clock }) => {
    await log.append('s1', entries('a'));
    await clock.advance(10);
    const sinceMs = clock.now();
    await log.append('s2', entries('a'));
    equal(await log.untrimmed({ quietSinceMs: sinceMs, limit: 9 }), ['s1']);
    equal(await log.untrimmed({ quietSinceMs: sinceMs + 1, limit: 9 }), ['s1', 's2']);
    await log.append('s1', entries('b'));
    equal(await log.untrimmed({ quietSinceMs: sinceMs, limit: 9 }), []);
    equal(await log.untrimmed({ quietSinceMs: sinceMs + 1, limit: 9 }), ['s1', 's2']);
  }),
  contractCase('[LOG-UNTRIMMED] goes on to name a stream that was not trimmed to its end', async ({ log }) => {
    await trimmed(log);
    equal(await log.untrimmed(future), ['s']);
    await log.trim('s', [folded({ from: 5, offset: 6, data: 'ef' })]);
    equal(await log.untrimmed(future), []);
    // Trimming once more what lies before does not bring it back.
    await log.trim('s', [folded({ from: 1, offset: 4, data: 'abcd' })]);
    equal(await log.untrimmed(future), []);
  }),
];
