// A batch of requests on its way to become one commit: each is checked against what is durable and what
// the batch holds before it, and changes the streams in memory as far as only the batch sees it.
import type { StreamError } from '../../../core/errors.ts';
import type { AppendResult, Entry, NewEntry } from '../../log.ts';
import { offsetConflict, streamDeleted } from '../../refuse.ts';
import { createBlockWriter, type BlockWriter } from './block.ts';
import type { LeaseTable, Staged } from './leases.ts';
import type { Change } from './protocol.ts';
import type { AppendRequest, DeleteRequest, Stream } from './streams.ts';

/** A change of a lease that waits to be written. */
export interface LeaseRequest {
  readonly type: 'lease';
  change(): Staged<unknown>;
  outcome: unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export type Request = AppendRequest | DeleteRequest | LeaseRequest;

/** What is committed at once. */
export interface Batch {
  /** What it answers once it is durable: refusals, too, for they may rest on what else is in it. */
  readonly requests: Request[];
  /** Streams that grow, each once. */
  readonly streams: Stream[];
  readonly changes: Change[];
  /** What the streams grow by, as it goes into the journal. */
  readonly block: BlockWriter;
  /** The same of those that somebody follows, for the followers. */
  readonly followed: Map<Stream, Entry[]>;
  /** Takes back what was changed in memory, in this order reversed. */
  readonly undo: Array<() => void>;
  /** UTF-16 code units of data. */
  length: number;
}

const maxRequests = 20_000; // Chosen, as the next: a commit of some ms.
const maxLength = 4 * 1024 * 1024;

function emptyBatch(block: BlockWriter): Batch {
  return {
    requests: [],
    streams: [],
    changes: [],
    block,
    followed: new Map(),
    undo: [],
    length: 0,
  };
}

/** Whether there is something to write. */
export function isDurableAsItIs({ streams, changes }: Batch): boolean {
  return streams.length === 0 && changes.length === 0;
}

/** Whether nothing more should come in; `most` is the bound that the caller sets. */
export function isFull({ requests, length }: Batch, most: number): boolean {
  return requests.length >= Math.min(most, maxRequests) || length >= maxLength;
}

/** Takes back what the batch changed in memory. */
export function undo(batch: Batch): void {
  for (const stream of batch.streams) stream.staged = stream.head;
  for (const takeBack of batch.undo.toReversed()) takeBack();
}

export interface Stager {
  /** The next batch; the one before must have been finished. */
  begin(): Batch;
  lease(request: LeaseRequest, batch: Batch): void;
  add(request: AppendRequest | DeleteRequest, batch: Batch, nowMs: number): void;
}

interface StagerDeps {
  readonly leases: LeaseTable;
  /** The highest that the store holds. */
  readonly lastStreamId: number;
  /** Whether anybody follows the stream. */
  readonly isFollowed: (stream: string) => boolean;
}

/** Requests of one stream must come one after another within a batch. */
export function createStager({ leases, isFollowed, ...opened }: StagerDeps): Stager {
  let { lastStreamId } = opened;
  const block = createBlockWriter();

  /** What it resolves with, or how it is refused. */
  function append(
    { stream, entries, options }: AppendRequest,
    batch: Batch,
    nowMs: number,
  ): AppendResult | StreamError {
    const { key, lease, expectedOffset, index } = options;
    if (stream.isDeleting) return streamDeleted(stream.name);
    const seen = key === undefined ? undefined : stream.keys.get(key);
    if (seen != null) return { ...seen, replayed: true };
    const lost = lease === undefined ? undefined : leases.check(lease);
    if (lost !== undefined) return lost;
    const head = stream.staged;
    if (expectedOffset !== undefined && expectedOffset !== head)
      return offsetConflict(stream.name, expectedOffset, head);
    // Every refusal is above this line.
    if (stream.id === 0) create(stream, batch, nowMs);
    if (head === stream.head) {
      batch.streams.push(stream);
      batch.block.begin(stream.id, head + 1, nowMs);
      if (isFollowed(stream.name)) batch.followed.set(stream, []);
    }
    for (const entry of entries) {
      batch.block.add(entry);
      batch.length += entry.data.length;
    }
    stream.staged = head + entries.length;
    if (batch.followed.size > 0) keepForFollowers(batch.followed.get(stream), entries, { head, atMs: nowMs });
    const result = { first: head + 1, last: stream.staged, replayed: false };
    if (key !== undefined) {
      stream.keys.set(key, result);
      batch.undo.push(() => stream.keys.set(key, null));
      batch.changes.push({ type: 'key', stream: stream.id, key, first: result.first, last: result.last });
    }
    if (index !== undefined) batch.changes.push({ type: 'index', stream: stream.id, index, atMs: nowMs });
    return result;
  }

  function create(stream: Stream, batch: Batch, nowMs: number): void {
    stream.id = lastStreamId += 1;
    batch.undo.push(() => (stream.id = 0));
    batch.changes.push({ type: 'stream', id: stream.id, name: stream.name, atMs: nowMs });
  }

  return {
    begin: () => emptyBatch(block),
    lease(request, batch) {
      const { result, change, undo: takeBack } = request.change();
      if (change !== null) batch.changes.push(change);
      batch.undo.push(takeBack);
      request.outcome = result;
      batch.requests.push(request);
    },
    add(request, batch, nowMs) {
      if (request.type === 'append') request.outcome = append(request, batch, nowMs);
      else request.outcome = stageDelete(request, batch);
      batch.requests.push(request);
    },
  };
}

function keepForFollowers(
  kept: Entry[] | undefined,
  entries: readonly NewEntry[],
  { head, atMs }: { head: number; atMs: number },
): void {
  if (kept === undefined) return;
  for (const [index, { type, data }] of entries.entries()) {
    const offset = head + index + 1;
    kept.push({ type, data, from: offset, offset, atMs });
  }
}

/** Gives whether there is something to delete. */
function stageDelete({ stream }: DeleteRequest, batch: Batch): boolean {
  if (stream.isDeleting || stream.id === 0) return false;
  stream.isDeleting = true;
  batch.undo.push(() => (stream.isDeleting = false));
  batch.changes.push({ type: 'delete', stream: stream.id });
  return true;
}
