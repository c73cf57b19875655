// Readers without queues: a reader is an offset that pulls, and is woken by commits.
import { abortable } from '../core/abort.ts';
import type { Entry, Log } from './log.ts';

/** Tells followers in this process that a stream has grown. */
export interface Commits {
  /** Calls `onCommit` after each commit to the stream until the returned function is called. */
  watch(stream: string, onCommit: () => void): () => void;
  announce(stream: string): void;
}

export function createCommits(): Commits {
  const watchers = new Map<string, Set<() => void>>();
  return {
    watch(stream, onCommit) {
      let set = watchers.get(stream);
      if (set === undefined) watchers.set(stream, (set = new Set()));
      set.add(onCommit);
      return () => {
        set.delete(onCommit);
        if (set.size === 0 && watchers.get(stream) === set) watchers.delete(stream);
      };
    },
    announce(stream) {
      for (const onCommit of watchers.get(stream) ?? []) onCommit();
    },
  };
}

const maxStep = 1_000; // Chosen: the entries that a follower takes at once.

/** `Log.follow` over any driver's `read`. Stored and live entries come the same way. */
export async function* followStream(
  source: { readonly read: Log['read']; readonly commits: Commits },
  stream: string,
  options: { after: number; signal: AbortSignal },
): AsyncGenerator<readonly Entry[], void> {
  const { signal } = options;
  let { after } = options;
  let grown = true;
  let wake: (() => void) | undefined;
  // Watched before the first read, so that no commit falls between a read and the wait for more.
  const unwatch = source.commits.watch(stream, () => {
    grown = true;
    wake?.();
  });
  try {
    while (!signal.aborted) {
      if (!grown) {
        await abortable<void>(signal, (resolve) => {
          wake = resolve;
          return () => (wake = undefined);
        });
      }
      grown = false;
      const entries = await source.read(stream, { after, limit: maxStep });
      const last = entries.at(-1);
      if (last === undefined) continue;
      after = last.offset;
      // A full step may not be all; anything that comes after a smaller one announces itself.
      if (entries.length === maxStep) grown = true;
      yield entries;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    unwatch();
  }
}
