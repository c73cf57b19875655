// The peer of a log without queues: each reader has an array of what it has not taken yet, as most
// hubs in one process do.
import type { Step } from './readers.ts';

interface Queue {
  entries: Step[number][];
  wake: (() => void) | undefined;
}

export function createQueues(): {
  publish(entries: ReadonlyArray<{ readonly data: string }>): Promise<void>;
  follow(): AsyncIterator<Step>;
  close(): Promise<void>;
} {
  const queues = new Set<Queue>();
  // What was published before anyone joined: the one entry at the beginning.
  const kept: Step[number][] = [];
  let offset = 0;

  async function* follow(): AsyncGenerator<Step, void> {
    const queue: Queue = { entries: [...kept], wake: undefined };
    queues.add(queue);
    while (true) {
      const { entries } = queue;
      if (entries.length > 0) {
        queue.entries = [];
        yield entries;
      } else {
        await new Promise<void>((resolve) => (queue.wake = resolve));
      }
    }
  }

  return {
    async publish(entries) {
      for (const { data } of entries) {
        offset += 1;
        const entry = { from: offset, offset, data };
        if (queues.size === 0) kept.push(entry);
        for (const queue of queues) queue.entries.push(entry);
      }
      for (const queue of queues) queue.wake?.();
    },
    follow,
    close: async () => undefined,
  };
}
