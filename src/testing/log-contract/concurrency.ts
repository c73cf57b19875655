// Many writers and readers at once, in interleavings that a seed decides.
import { assert } from '../../core/assert.ts';
import { isStreamError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import type { Log } from '../../log/log.ts';
import { between, collect, contractCase, eachSeed, entries, equal, pause, readAll } from './case.ts';

const seeds = 30;
const writers = 5;
const appendsEach = 8;

export const concurrencyCases = [
  contractCase('[LOG-ORDER] [LOG-ATOMIC] [LOG-FOLLOW] shows everybody one order, whoever writes', async ({ log }) => {
    await eachSeed(seeds, async (random, seed) => {
      const streams = [`${seed}.a`, `${seed}.b`];
      await Promise.all(streams.map((stream) => checkStream(log, stream, random)));
    });
  }),
  contractCase('[LOG-EXPECT] lets one of those write who expect the same offset', async ({ log }) => {
    let refused = 0;
    await eachSeed(seeds, async (random, seed) => {
      const stream = `${seed}`;
      const count = 6;
      const counted = Array.from({ length: 4 }, async () => {
        for (let done = 0; done < count;) {
          await pause(random);
          const head = await log.head(stream);
          try {
            await log.append(stream, entries(`${head + 1}`), { expectedOffset: head });
            done += 1;
          } catch (error) {
            if (!isStreamError(error, 'offset-conflict')) throw error;
            refused += 1;
            assert(refused < 10_000, 'each time one of them goes on');
          }
        }
      });
      await Promise.all(counted);
      equal(
        await readAll(log, stream),
        Array.from({ length: 4 * count }, (_, n) => `${n + 1}:${n + 1}`),
      );
    });
    assert(refused > 0, 'some came too late');
  }),
];

async function checkStream(log: Log, stream: string, random: Random): Promise<void> {
  const sizes = Array.from({ length: writers }, () =>
    Array.from({ length: appendsEach }, () => between(random, { from: 1, to: 4 })),
  );
  const total = sizes.flat().reduce((sum, size) => sum + size, 0);
  const starts = [0, 0, between(random, { from: 0, to: total }), between(random, { from: 0, to: total })];
  const readers = starts.map(async (after) => {
    await pause(random);
    return await collect(log, stream, { after, until: total });
  });
  await Promise.all(sizes.map((own, writer) => writeAll(log, { stream, writer, sizes: own }, random)));
  const stored = await readAll(log, stream);
  equal(stored.length, total);
  checkWriters(stored, sizes);
  for (const [index, after] of starts.entries()) equal(await readers[index], stored.slice(after));
}

/** Each append is `writer.append.entry`; some wait for the answer before the next, some do not. */
async function writeAll(
  log: Log,
  { stream, writer, sizes }: { stream: string; writer: number; sizes: readonly number[] },
  random: Random,
): Promise<void> {
  const appends: Array<Promise<unknown>> = [];
  for (const [index, size] of sizes.entries()) {
    const data = Array.from({ length: size }, (_, entry) => `${writer}.${index}.${entry}`);
    // Half of them twice, as by a client that got no answer: it is written once.
    const options = random.float() < 0.5 ? {} : { key: `${writer}.${index}` };
    const copies = 'key' in options ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) appends.push(log.append(stream, entries(...data), options));
    if (random.float() < 0.5) await Promise.all(appends);
    await pause(random);
  }
  await Promise.all(appends);
}

/** Each append's entries lie together, and each writer's appends in its order. */
function checkWriters(stored: readonly string[], sizes: ReadonlyArray<readonly number[]>): void {
  const lines = stored.map((line) => line.replace(/^[0-9]+:/, ''));
  const nextAppend = sizes.map(() => 0);
  for (let place = 0; place < lines.length;) {
    const writer = Number(lines[place]?.split('.')[0]);
    const index = nextAppend[writer] ?? 0;
    const size = sizes[writer]?.[index] ?? 0;
    const expected = Array.from({ length: size }, (_, entry) => `${writer}.${index}.${entry}`);
    equal(lines.slice(place, place + size), expected);
    nextAppend[writer] = index + 1;
    place += Math.max(size, 1);
  }
}
