// The log itself: an `append` of one entry each, as a run writes its deltas. Some streams are followed.
import { join } from 'node:path';
import { openLog, type Log } from 'verbatim/log';
import { phrases, streamName } from '../deltas.ts';
import { offsetOf, streamOf, type OpenStore } from '../store.ts';

const followedStreams = 20;

export const openVerbatim: OpenStore = async (plan, progress) => {
  const { streams } = plan;
  const url = plan.log === 'memory:' ? plan.log : plan.log + join(plan.folder, 'verbatim.db');
  const log = await openLog(url);
  const names = Array.from({ length: streams }, (_, stream) => streamName(stream));
  // One function a stream, not one an append: a stream's appends become durable in their order.
  const settle = names.map((_, stream) => {
    let next = stream;
    return (): void => {
      const n = next;
      next += streams;
      progress.settle(n);
    };
  });
  const reading = followAll(log, names.slice(0, followedStreams));
  const { fail } = progress;
  reading.done.catch(fail);
  let taken = 0;

  return {
    append(from, count) {
      taken = from + count;
      for (let n = from; n < taken; n += 1) {
        const stream = streamOf(n, streams);
        log.append(names[stream] ?? '', [phrases.entryOf(stream, offsetOf(n, streams) - 1)]).then(settle[stream], fail);
      }
    },
    async countStored() {
      const followed = await reading.end(Math.floor(taken / streams));
      if (!followed) throw new Error('A follower was not given every entry');
      // In a file it must be there for whoever opens it next, too.
      if (url !== 'memory:') await log.close();
      await using next = url === 'memory:' ? log : await openLog(url);
      let stored = 0;
      for (const name of names) stored += await next.head(name);
      return stored;
    },
    close: () => log.close(),
  };
};

interface Reading {
  readonly done: Promise<unknown>;
  /** Whether all readers were given every entry up to this offset, in order and as it was written. */
  end(offset: number): Promise<boolean>;
}

function followAll(log: Log, names: readonly string[]): Reading {
  const controller = new AbortController();
  const reached = names.map(() => 0);
  let onProgress: (() => void) | undefined;

  async function read(name: string, stream: number): Promise<void> {
    for await (const entries of log.follow(name, { after: 0, signal: controller.signal })) {
      for (const { offset, data } of entries) {
        const expected = (reached[stream] ?? 0) + 1;
        if (offset !== expected || data !== phrases.dataOf(stream, offset - 1))
          throw new Error(`Expected entry ${expected} of ${name}, got ${offset}: ${data}`);
        reached[stream] = offset;
      }
      onProgress?.();
    }
  }

  const done = Promise.all(names.map(read));
  return {
    done,
    async end(offset) {
      const timer = setTimeout(() => controller.abort(), 5_000);
      await new Promise<void>((resolve, reject) => {
        onProgress = () => {
          if (reached.every((last) => last >= offset)) resolve();
        };
        done.then(() => resolve(), reject);
        onProgress();
      });
      clearTimeout(timer);
      controller.abort();
      await done;
      return reached.every((last) => last >= offset);
    },
  };
}
