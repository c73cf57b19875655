// How much a reader is given at once, the same for every driver.
import { maxStepLength, type Entry } from './log.ts';

/** The first entries: at most `limit`, and no more than a step holds, but at least one. */
export function takeStep(entries: readonly Entry[], limit: number): readonly Entry[] {
  let length = 0;
  const end = entries.findIndex(({ data }, position) => {
    length += data.length;
    return position >= limit || (position > 0 && length > maxStepLength);
  });
  return end === -1 ? entries : entries.slice(0, end);
}
