// A hash of all the text that a reader was given. That of a step is made once for all who are given the
// same entries, and adds to that of the text before it: 10,000 readers can be checked to the last byte.
import { tokens } from './deltas.ts';
import type { Step } from './readers.ts';

export interface Digest {
  /** The last that was given. */
  readonly offset: number;
  /** Throws where the step does not begin right behind what was given before. */
  add(step: Step): void;
  equals(other: Digest): boolean;
}

/** Of a text: both hashes are polynomials, so a text's is that of its parts. */
interface TextHash {
  readonly low: number;
  readonly high: number;
  /** The bases to the power of the text's length. */
  readonly lowShift: number;
  readonly highShift: number;
}

const lowBase = 0x01000193;
const highBase = 0x5bd1e995;
const nothing: TextHash = { low: 0, high: 0, lowShift: 1, highShift: 1 };
/** By the first entry: that of the last step that began with it. */
const known = new WeakMap<Step[number], { readonly last: Step[number] | undefined; readonly hash: TextHash }>();

export function createDigest(): Digest {
  return new RunningDigest();
}

export function expectedDigest(deltas: number): Digest {
  const digest = new RunningDigest();
  const step = Array.from({ length: deltas }, (_, n) => ({
    from: n + 1,
    offset: n + 1,
    data: JSON.stringify({ text: tokens.textOf(n) }),
  }));
  digest.add(step);
  return digest;
}

/** A class for its size: there is one for each of very many readers. */
class RunningDigest implements Digest {
  offset = 0;
  #low = 0;
  #high = 0;

  add(step: Step): void {
    const first = step[0]?.from;
    if (first !== this.offset + 1) throw new Error(`Expected a step from ${this.offset + 1} on, got ${first}`);
    const { low, high, lowShift, highShift } = hashOf(step);
    this.#low = (Math.imul(this.#low, lowShift) + low) | 0;
    this.#high = (Math.imul(this.#high, highShift) + high) | 0;
    this.offset = step.at(-1)?.offset ?? NaN;
  }

  equals(other: Digest): boolean {
    if (!(other instanceof RunningDigest)) return false;
    return this.offset === other.offset && this.#low === other.#low && this.#high === other.#high;
  }
}

function hashOf(step: Step): TextHash {
  const [first] = step;
  const last = step.at(-1);
  const kept = first === undefined ? undefined : known.get(first);
  // Entries are never changed, so between the same two there are always the same.
  if (kept !== undefined && kept.last === last) return kept.hash;
  let hash = nothing;
  let before = (first?.from ?? 0) - 1;
  for (const { from, offset, data } of step) {
    if (from !== before + 1) throw new Error(`Expected an entry from ${before + 1} on, got ${from}`);
    before = offset;
    hash = appended(hash, (JSON.parse(data) as { text: string }).text); // A delta's data, as deltas.ts makes it.
  }
  if (first !== undefined) known.set(first, { last, hash });
  return hash;
}

function appended({ low, high, lowShift, highShift }: TextHash, text: string): TextHash {
  let [l, h, ls, hs] = [low, high, lowShift, highShift];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at) + 1;
    l = (Math.imul(l, lowBase) + code) | 0;
    h = (Math.imul(h, highBase) + code) | 0;
    ls = Math.imul(ls, lowBase);
    hs = Math.imul(hs, highBase);
  }
  return { low: l, high: h, lowShift: ls, highShift: hs };
}
