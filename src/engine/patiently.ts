// Trying again for as long as the store is not to be had.
import type { Clock } from '../core/clock.ts';
import { isStreamError } from '../core/errors.ts';

const storeRetryMs = 500; // Chosen: a full disk or a busy one is looked at again twice a second.

/** What `call` gives in the end. Throws what is no lack of the store, and anything once the signal has aborted. */
export async function patiently<T>(
  call: () => Promise<T>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<T> {
  while (true) {
    try {
      return await call();
    } catch (error) {
      if (!isStreamError(error, 'store-unavailable') || signal.aborted) throw error;
      await clock.sleep(storeRetryMs, { signal });
    }
  }
}
