// Randomness, passed in wherever it is needed so that tests can replay it from a seed.

/** Where a layer gets chance from. */
export interface Random {
  /** At least 0, less than 1. */
  float(): number;
  /** `length` letters and digits (a-z, 0-9 less i, l, o, u: 5 bits each); 20 by default, 100 bits. */
  id(length?: number): string;
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** An id of `length` characters, each from 5 of the bits that `byte` gives. */
export function idFrom(byte: () => number, length: number): string {
  let id = '';
  for (let index = 0; index < length; index += 1) id += alphabet.charAt(byte() % 32);
  return id;
}

/** The part of chance that the wire needs: browsers load no more than that. */
export type Chance = Pick<Random, 'float'>;

/** The runtime's own chance. */
export const systemChance: Chance = { float: () => Math.random() };

/** The runtime's own generator; ids are unguessable. */
export const systemRandom: Random = {
  ...systemChance,
  id(length = 20) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    let index = 0;
    return idFrom(() => bytes[index++] ?? 0, length);
  },
};
