// What a pass over an input came to, so that no contender is fast because it does less.

export interface Tally {
  readonly events: number;
  /** Over the events' lengths, in order: it differs where two are exchanged, joined or cut. */
  readonly checksum: number;
}

export interface Counter {
  add(length: number): void;
  total(): Tally;
}

export function createCounter(): Counter {
  let events = 0;
  let checksum = 0;
  return {
    add(length) {
      events += 1;
      checksum = (Math.imul(checksum, 31) + length) | 0;
    },
    total: () => ({ events, checksum }),
  };
}

export function tallyOf(lengths: Iterable<number>): Tally {
  const counter = createCounter();
  for (const length of lengths) counter.add(length);
  return counter.total();
}
