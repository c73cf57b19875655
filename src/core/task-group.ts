// Background work with an owner: started only here, cancelled and awaited by `close`.

/** Work that runs beside its caller and ends with its owner. */
export interface TaskGroup {
  /** Whether it was closed: then nothing starts any more. */
  readonly isClosed: boolean;
  /**
   * Starts `task`. Its signal aborts when the group closes. A rejection goes to the group's
   * `onError`, unless the group was closing.
   */
  start(task: (signal: AbortSignal) => Promise<void>): void;
  /** Aborts every task and resolves when all have ended. Idempotent. */
  close(reason?: unknown): Promise<void>;
}

export function createTaskGroup(onError: (error: unknown) => void): TaskGroup {
  const controller = new AbortController();
  const running = new Set<Promise<void>>();

  async function guard(task: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await task(controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) onError(error);
    }
  }

  return {
    get isClosed() {
      return controller.signal.aborted;
    },
    start(task) {
      if (controller.signal.aborted) return;
      const promise = guard(task);
      running.add(promise);
      void promise.finally(() => running.delete(promise));
    },
    async close(reason) {
      controller.abort(reason ?? new DOMException('The owner was closed', 'AbortError'));
      await Promise.all(running);
    },
  };
}
