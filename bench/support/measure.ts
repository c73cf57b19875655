// Measures contenders side by side: by turns in one process, by the CPU time that each takes.
// Whatever slows the machine for a while slows all of them, so their ratios stand.
import type { Tally } from './tally.ts';

export interface Contender {
  readonly name: string;
  /** The name of ours that does the same work: what this one is compared with. */
  readonly ours: string;
  /** What a pass must come to. */
  readonly expected: Tally;
  /** One pass over the whole input. */
  run(): Tally | Promise<Tally>;
}

export interface Measured {
  readonly name: string;
  readonly ours: string;
  /** CPU time of a pass, of all threads, in microseconds; one for each round. */
  readonly roundsUs: readonly number[];
}

export interface Rounds {
  /** Rounds that are not counted, in which the code is compiled. */
  readonly warmUp: number;
  readonly measured: number;
  /** Passes of a contender in each round: several where one takes too little time to be measured. */
  readonly passes: number;
}

/** Throws where a contender's result is not what was expected. */
export async function measure(contenders: readonly Contender[], rounds: Rounds): Promise<Measured[]> {
  const times = contenders.map((contender) => ({ contender, roundsUs: [] as number[] }));
  for (let round = -rounds.warmUp; round < rounds.measured; round += 1) {
    for (const { contender, roundsUs } of times) {
      collectYoungGarbage();
      const takenUs = await measurePasses(contender, rounds.passes);
      if (round >= 0) roundsUs.push(takenUs / rounds.passes);
    }
  }
  return times.map(({ contender: { name, ours }, roundsUs }) => ({ name, ours, roundsUs }));
}

/**
 * So that a contender does not pay for what the one before it left. Not the whole heap: that would
 * shrink it as well, and growing it again would be most of what is measured.
 */
function collectYoungGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('Expected node --expose-gc; run it as: npm run bench');
  globalThis.gc({ type: 'minor' });
}

async function measurePasses(contender: Contender, passes: number): Promise<number> {
  const before = process.cpuUsage();
  for (let pass = 0; pass < passes; pass += 1) check(contender, await contender.run());
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function check({ name, expected }: Contender, { events, checksum }: Tally): void {
  if (events === expected.events && checksum === expected.checksum) return;
  throw new Error(
    `${name}: expected ${expected.events} events with the checksum ${expected.checksum}, got ${events} with ${checksum}`,
  );
}
