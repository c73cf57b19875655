// Trying again for as long as the store is not to be had.
import type { Clock } from '../core/clock.ts';
import { isStreamError } from '../core/errors.ts';

const storeRetryMs = 500; // Chosen: a full disk or a busy one is looked at again twice a second.

interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What `call` gives in the end. Throws what is no lack of the store, and anything once the signal has aborted. */
export function patiently<T>(call: () => Promise<T>, patience: Patience): Promise<T> {
  // No function of its own in the way of a call that succeeds: this is done for each piece of an answer.
  return call().catch(async (error: unknown) => {
    if (!isStreamError(error, 'store-unavailable') || patience.signal.aborted) throw error;
    await patience.clock.sleep(storeRetryMs, { signal: patience.signal });
    return await patiently(call, patience);
  });
}
