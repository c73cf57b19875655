// Reading: places, limits, the bound of a step.
import { assert } from '../../core/assert.ts';
import { maxStepLength } from '../../log/log.ts';
import { collect, contractCase, entries, equal, follower, nextStep, readAll, summary } from './case.ts';

export const readCases = [
  contractCase('[LOG-READ] reads after an offset, at most as many as asked for', async ({ log }) => {
    await log.append('s', entries('a', 'b', 'c', 'd'));
    equal(summary(await log.read('s', { after: 1, limit: 2 })), ['2:b', '3:c']);
    equal(summary(await log.read('s', { after: 3, limit: 1 })), ['4:d']);
    equal(await log.read('s', { after: 4 }), []);
    equal(await log.read('s', { after: 9 }), []);
    equal(await log.read('missing', { after: 0 }), []);
  }),
  contractCase('[LOG-READ] gives 1,000 entries where no limit is given', async ({ log }) => {
    await log.append('s', entries(...Array.from({ length: 1_500 }, (_, n) => `${n}`)));
    equal((await log.read('s', { after: 0 })).length, 1_000);
    equal((await log.read('s', { after: 1_000 })).at(-1)?.offset, 1_500);
    equal((await log.read('s', { after: 0, limit: 1_200 })).length, 1_200);
  }),
  contractCase('[LOG-READ] reading makes no stream', async ({ log }) => {
    await log.read('s', { after: 0 });
    await log.head('s');
    await log.find('s', 'k');
    equal(await log.delete('s'), false);
  }),
  contractCase('[LOG-STEP] holds no more in a step than maxStepLength, and at least one entry', async ({ log }) => {
    const third = 'x'.repeat(maxStepLength / 4 + 1);
    const whole = 'y'.repeat(maxStepLength + 1);
    for (const data of [third, third, third, third, whole, third]) await log.append('s', entries(data));
    const sizes: number[] = [];
    for (let after = 0; after < 6;) {
      const step = await log.read('s', { after });
      assert(step.length > 0, 'a step has an entry where there is one');
      sizes.push(step.length);
      after += step.length;
    }
    equal(sizes, [3, 1, 1, 1]);
    const steps = follower(log, 's', 0);
    for (const size of sizes) equal((await nextStep(steps)).length, size);
    await steps.return?.();
  }),
  contractCase('[LOG-STEP] counts UTF-16 code units, whatever they take as bytes', async ({ log }) => {
    const data = '苹'.repeat(maxStepLength / 4);
    for (let n = 0; n < 5; n += 1) await log.append('s', entries(data));
    equal((await log.read('s', { after: 0 })).length, 4);
    equal((await log.read('s', { after: 4 })).length, 1);
  }),
  contractCase(
    '[LOG-STEP] gives all that there is where it has room, wherever it is stored',
    async ({ log, clock }) => {
      // Small and large ones in turns, as answers are; time for whatever a driver does in the background.
      const count = 40;
      const expected: string[] = [];
      for (let n = 1; n <= count; n += 1) {
        const data = n % 4 === 0 ? 'z'.repeat(50_000) : `${n}`;
        expected.push(`${n}:${data}`);
        await log.append('s', entries(data));
        if (n % 10 === 0) await clock.advance(60_000);
      }
      for (const after of [0, 3, 20, 39]) {
        equal(summary(await log.read('s', { after })), expected.slice(after));
        equal(await collect(log, 's', { after, until: count }), expected.slice(after));
      }
      equal(await readAll(log, 's'), expected);
    },
  ),
];
