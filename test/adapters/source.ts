// What the suite's servers send, and what became of each reader there.
import type { EventsFunction, Reader, Sendable } from 'verbatim/sse';

/** One call of a source. */
export interface Visit {
  readonly lastEventId: string;
  readonly signal: AbortSignal;
  /** What was asked for and given. */
  readonly events: number;
  /** Resolves when the generator's `finally` has run, with the time. */
  readonly over: Promise<number>;
}

export interface WatchedSource {
  readonly source: EventsFunction;
  /** All so far, in order. */
  readonly visits: readonly Visit[];
  /** The first, once it was asked for an event. */
  readonly first: Promise<Visit>;
}

/** The source, watched. `now` tells when a reader's `finally` ran. */
export function watch(source: (reader: Reader) => AsyncIterable<Sendable>, now: () => number = () => 0): WatchedSource {
  const visits: Visit[] = [];
  const first = Promise.withResolvers<Visit>();

  return {
    visits,
    first: first.promise,
    async *source(reader) {
      const over = Promise.withResolvers<number>();
      const visit = { lastEventId: reader.lastEventId, signal: reader.signal, events: 0, over: over.promise };
      visits.push(visit);
      first.resolve(visit);
      try {
        for await (const event of source(reader)) {
          visit.events += 1;
          yield event;
        }
      } finally {
        over.resolve(now());
      }
    },
  };
}

/** The events, then nothing until the reader leaves. */
export function sendThenWait(...events: Sendable[]): (reader: Reader) => AsyncGenerator<Sendable> {
  return async function* send({ signal }) {
    yield* events;
    await aborted(signal);
  };
}

export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

export const floodBlockBytes = 64 * 1024;

/** 200 MB of events, without an end to its haste, to who has no cursor; one event to others. */
export async function* flood({ signal, lastEventId }: Reader): AsyncGenerator<Sendable> {
  if (lastEventId !== '') {
    yield { data: `after ${lastEventId}` };
    await aborted(signal);
    return;
  }
  const data = 'x'.repeat(floodBlockBytes);
  for (let sent = 0; sent < 200_000_000; sent += floodBlockBytes) yield { data };
}

/** Resolves when the visit's source was asked for nothing over many turns of the event loop: all buffers are full. */
export async function stalled(visit: Visit): Promise<void> {
  let quietTurns = 0;
  while (quietTurns < 50) {
    const { events } = visit;
    await turn();
    quietTurns = visit.events === events ? quietTurns + 1 : 0;
  }
}

/** Lets what can be done without waiting be done, I/O included. */
export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
