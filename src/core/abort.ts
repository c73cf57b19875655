// Waiting that can be given up, without a listener left behind.

/**
 * A promise that `start` settles, or that rejects with the signal's reason.
 * `start` returns its own clean-up, which runs exactly once, whatever the outcome.
 */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void,
): Promise<T> {
  signal?.throwIfAborted();
  let cleanUp: (() => void) | undefined;
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      cleanUp = start(resolve, reject);
    });
  } finally {
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    cleanUp?.();
  }
}
