// How many attempts a rule of waiting comes to, from the rule alone: nothing is run or drawn by lot.
// What clients really do is held against it.

/** The wait behind failure 0, 1, 2…: at least `leastMs`, and evenly up to `spreadMs` longer. */
export type WaitRule = (failure: number) => { readonly leastMs: number; readonly spreadMs: number };

export interface Expectation {
  /** Of one client, on average. */
  readonly mean: number;
  /** Of one client in each second, on average. */
  readonly perSecond: readonly number[];
  /** What not one of 500 clients goes beyond in a million such times. */
  readonly most: number;
}

/** The rule of `connect`, with the least wait that a server asks for, if it asks for one. */
export function connectRule(leastMs = 0): WaitRule {
  return (failure) => ({ leastMs, spreadMs: Math.min(30_000, 1_000 * 2 ** failure) });
}

const stepMs = 10;

/** What one client does that fails at 0 and at each attempt until `forMs`. */
export function expectAttempts(rule: WaitRule, forMs: number): Expectation {
  const steps = forMs / stepMs;
  const perSecond = Array.from({ length: Math.ceil(forMs / 1_000) }, () => 0);
  let mean = 0;
  let most = 0;
  // When attempt 0, 1, 2… takes place: the chance of each step of time.
  let chances = Array.from({ length: steps }, (_, at): number => (at === 0 ? 1 : 0));
  for (let failure = 0; ; failure += 1) {
    const within = chances.reduce((sum, chance) => sum + chance, 0);
    if (within * 500 < 1e-6) return { mean, perSecond, most };
    mean += within;
    most = failure + 1;
    for (const [at, chance] of chances.entries()) {
      const second = Math.floor((at * stepMs) / 1_000);
      perSecond[second] = (perSecond[second] ?? 0) + chance;
    }
    chances = delay(chances, rule(failure));
  }
}

/** The same chances after the wait. */
function delay(chances: readonly number[], { leastMs, spreadMs }: ReturnType<WaitRule>): number[] {
  const least = leastMs / stepMs;
  const spread = spreadMs / stepMs;
  if (spread === 0) return chances.map((_, at) => chances[at - least] ?? 0);
  let sum = 0; // Of all that a wait brings to this step; the two at the edges count half.
  return chances.map((_, at) => {
    const newest = chances[at - least] ?? 0;
    const oldest = chances[at - least - spread] ?? 0;
    // Rounding leaves a little less than nothing where there is nothing.
    const share = Math.max(0, (sum + newest / 2 - oldest / 2) / spread);
    sum += newest - oldest;
    return share;
  });
}
