// Checks of what only a mistake in this code base can break. Never caught below the process
// or request edge: see errors.ts for failures that are expected.

/** Throws when `condition` is false. `message` says what should have held. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`);
}

/** Marks a branch that no value can reach; fails to compile when one can. */
export function unreachable(value: never): never {
  throw new Error(`Assertion failed: unexpected ${JSON.stringify(value)}`);
}
