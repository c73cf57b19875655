// What waits to be committed, in the order of the calls for each stream.
import { isFull, type Batch, type LeaseRequest, type Request, type Stager } from './batch.ts';
import type { AppendRequest, DeleteRequest, Stream } from './streams.ts';

export interface Gathering {
  add(request: AppendRequest | DeleteRequest): void;
  addLease(request: LeaseRequest): void;
  /** Lets what waits for the stream wait until `unpin`, however often it is pinned. */
  pin(stream: Stream): void;
  unpin(stream: Stream): void;
  hasWork(): boolean;
  /** Takes what waits, checks it, in order, and makes the next batch of it. */
  seal(options: { nowMs: number; maxRequests: number }): Batch;
  /** The batch waits again, before all others. */
  putBack(batch: Batch): void;
  /** Refuses all that waits and is not pinned. */
  refuseAll(error: unknown): void;
}

/** `wake` is called when there is work. */
export function createGathering(stager: Stager, wake: () => void): Gathering {
  let ready: Stream[] = [];
  let waitingLeases: LeaseRequest[] = [];

  function makeReady(stream: Stream): void {
    if (stream.isReady || stream.pins > 0) return;
    stream.isReady = true;
    ready.push(stream);
  }

  function putBackOne(request: Request): void {
    if (request.type === 'lease') {
      waitingLeases.unshift(request);
      return;
    }
    const { stream } = request;
    request.next = stream.first;
    stream.first = request;
    stream.last ??= request;
    makeReady(stream);
  }

  function seal({ nowMs, maxRequests }: { nowMs: number; maxRequests: number }): Batch {
    const batch = stager.begin();
    for (const request of waitingLeases.splice(0, maxRequests)) stager.lease(request, batch);
    const streamsNow = ready;
    ready = [];
    for (const stream of streamsNow) {
      stream.isReady = false;
      // A key that was asked for in the meantime is waited for with all that comes behind it.
      if (stream.pins > 0) continue;
      while (stream.first !== undefined && !isFull(batch, maxRequests))
        stager.add(takeFirst(stream, stream.first), batch, nowMs);
      if (stream.first !== undefined) makeReady(stream);
    }
    return batch;
  }

  return {
    add(request) {
      const { stream } = request;
      if (stream.last === undefined) stream.first = request;
      else stream.last.next = request;
      stream.last = request;
      makeReady(stream);
      wake();
    },
    addLease(request) {
      waitingLeases.push(request);
      wake();
    },
    pin(stream) {
      stream.pins += 1;
    },
    unpin(stream) {
      stream.pins -= 1;
      if (stream.first !== undefined) makeReady(stream);
      wake();
    },
    hasWork: () => ready.length > 0 || waitingLeases.length > 0,
    seal,
    putBack({ requests }) {
      for (const request of requests.toReversed()) putBackOne(request);
    },
    refuseAll(error) {
      for (const stream of ready) {
        stream.isReady = false;
        refuseWaiting(stream, error);
      }
      for (const request of waitingLeases) request.reject(error);
      ready = [];
      waitingLeases = [];
    },
  };
}

/** Refuses what waits for the stream. */
export function refuseWaiting(stream: Stream, error: unknown): void {
  while (stream.first !== undefined) takeFirst(stream, stream.first).reject(error);
}

function takeFirst(stream: Stream, first: AppendRequest | DeleteRequest): AppendRequest | DeleteRequest {
  stream.first = first.next;
  if (stream.first === undefined) stream.last = undefined;
  first.next = undefined;
  return first;
}
