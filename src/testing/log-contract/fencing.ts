// A model check of fencing: writers take a lease from each other in every way, and the stream shows
// that none of them wrote after it had lost it.
import { assert } from '../../core/assert.ts';
import { isStreamError } from '../../core/errors.ts';
import type { Random } from '../../core/random.ts';
import type { Lease } from '../../log/lease.ts';
import { between, contractCase, eachSeed, entries, pause, type Bench } from './case.ts';

const seeds = 40;
/** Each on a lease and a stream of its own, all at the same time: one seed is as many interleavings. */
const pairs = 8;
const stepsEach = 12;

/** What is known of one lease and its stream. */
interface History {
  readonly lease: string;
  readonly stream: string;
  /** Where the stream ended at latest when an epoch had been given, or an older one released. */
  readonly barriers: Array<{ readonly minEpoch: number; readonly head: number }>;
  readonly given: number[];
  readonly released: number[];
  readonly refused: number[];
  accepted: number;
}

export const fencingCases = [
  contractCase('[LOG-FENCE] lets no writer write after another took over, in any interleaving', async (bench) => {
    await eachSeed(seeds, async (random, seed) => {
      const histories = Array.from({ length: pairs }, (_, pair) => newHistory(`${seed}.${pair}`));
      await Promise.all(histories.flatMap((history) => [write(bench, history, random), write(bench, history, random)]));
      for (const history of histories) await check(bench, history);
    });
  }),
];

function newHistory(name: string): History {
  return { lease: `l${name}`, stream: `s${name}`, barriers: [], given: [], released: [], refused: [], accepted: 0 };
}

/** One writer: whatever it holds, it goes on to use until it takes a new one. */
async function write({ log, clock }: Bench, history: History, random: Random): Promise<void> {
  let held: Lease | undefined;
  for (let step = 0; step < stepsEach; step += 1) {
    await pause(random);
    const dice = random.float();
    if (held === undefined || dice < 0.15) {
      held = (await log.leases.acquire(history.lease, { ttlMs: 100 })) ?? held;
      if (held === undefined || history.given.includes(held.epoch)) continue;
      history.given.push(held.epoch);
      history.barriers.push({ minEpoch: held.epoch, head: await log.head(history.stream) });
    } else if (dice < 0.3) {
      // Chance decides how far, also backwards.
      clock.jump(clock.now() + between(random, { from: -60, to: 160 }));
    } else if (dice < 0.4) {
      held = (await log.leases.renew(held, { ttlMs: between(random, { from: 0, to: 150 }) })) ?? held;
    } else if (dice < 0.45) {
      history.released.push(held.epoch);
      await log.leases.release(held);
      history.barriers.push({ minEpoch: held.epoch + 1, head: await log.head(history.stream) });
    } else {
      await append(history, held, async (lease) => {
        await log.append(history.stream, entries(`${lease.epoch}`), { lease });
      });
    }
  }
}

async function append(history: History, lease: Lease, call: (lease: Lease) => Promise<void>): Promise<void> {
  try {
    await call(lease);
    history.accepted += 1;
  } catch (error) {
    if (!isStreamError(error, 'lease-lost')) throw error;
    history.refused.push(lease.epoch);
  }
}

async function check({ log }: Bench, history: History): Promise<void> {
  const written = await log.read(history.stream, { after: 0 });
  assert(written.length === history.accepted, 'what was accepted is there, and nothing else');
  let newest = 0;
  for (const { offset, data } of written) {
    const epoch = Number(data);
    assert(epoch >= newest, `offset ${offset} was written under epoch ${epoch} after epoch ${newest} had written`);
    newest = epoch;
    for (const { minEpoch, head } of history.barriers) {
      assert(
        offset <= head || epoch >= minEpoch,
        `offset ${offset} has epoch ${epoch}, behind ${head} it is ${minEpoch} or more`,
      );
    }
  }
  assert(new Set(history.given).size === history.given.length, 'no epoch is given twice');
  for (const epoch of history.refused) {
    const wasLost = history.released.includes(epoch) || history.given.some((other) => other > epoch);
    assert(wasLost, `epoch ${epoch} was refused, but it was the newest and not released`);
  }
}
