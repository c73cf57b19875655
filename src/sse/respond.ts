// Events as the body of a web Response. Pull-driven: the source is asked for an event only
// when the socket can take one, so a stalled reader holds one event and nothing more.
import { systemTimers, type Timer } from '../core/clock.ts';
import { coarseTimers } from '../core/coarse-timers.ts';
import {
  bytesOf,
  createKeeper,
  headersOf,
  parseLastEventId,
  piecesOf,
  type EventsFunction,
  type WriterOptions,
} from './writer.ts';

const failAfterMs = 250; // Chosen: longer than a server takes to send on what it was given; the least that the timers know.

/**
 * Answers the request with the source's events, each encoded as it is pulled, and comments while
 * there are none. Ends when the source ends; when the reader leaves, takes nothing for too long, or
 * the stream is to end, the source's signal aborts and its iterator is returned. A source that
 * throws breaks the body off, so that the reader comes back.
 */
export function respond(request: Request, source: EventsFunction, options: WriterOptions = {}): Response {
  const headers = headersOf(options);
  if (request.method === 'HEAD') return new Response(null, { headers });
  return new Response(streamOf(request, source, options), { headers });
}

function streamOf(
  request: Request,
  source: EventsFunction,
  options: WriterOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = new AbortController();
  const { signal } = left;
  const reader = { lastEventId: parseLastEventId(request.headers.get('Last-Event-ID')), signal };
  const iterator = source(reader)[Symbol.asyncIterator]();
  const timers = coarseTimers(options.clock ?? systemTimers);
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  let pulled: (() => void) | undefined;
  let failing: Timer | undefined;
  let asking = false;
  let isClosed = false;
  // Of an event that is given in pieces, those that were not pulled yet; and what comes behind it.
  let pieces: Array<Uint8Array<ArrayBuffer>> = [];

  const keeper = createKeeper(
    {
      write,
      finish,
      cut: () => close(() => controller.error(new DOMException('The reader takes nothing', 'TimeoutError'))),
    },
    options,
  );

  // The source is asked once at a time; its answer and the heartbeat both settle the pull that
  // waits. An answer that comes after a heartbeat settles the next pull.
  function settle(): void {
    pulled?.();
    pulled = undefined;
  }

  function write(bytes: Uint8Array<ArrayBuffer>): void {
    const isFirst = pieces.length === 0;
    pieces.push(...piecesOf(bytes));
    if (isFirst) writePiece();
    settle();
  }

  function writePiece(): void {
    const piece = pieces.shift();
    if (piece === undefined) return;
    controller.enqueue(piece);
    keeper.wrote(false); // Until the next pull, which says that it was taken.
  }

  /** Nothing more is asked for. */
  function leave(reason: unknown = new DOMException('The reader has left', 'AbortError')): void {
    if (signal.aborted) return;
    left.abort(reason);
    void release();
  }

  /** Ends the stream when what was written is taken, or after the deadline. */
  function finish(): void {
    keeper.finished();
    leave();
    if (pulled !== undefined) close(() => controller.close());
  }

  /**
   * Breaks the stream off, in a moment. A server that still has the head and the first bytes in its
   * hands would answer 500 in their place, after which an EventSource never comes back.
   */
  function fail(error: unknown): void {
    keeper.finished();
    leave(error);
    failing = timers.setTimer(failAfterMs, () => close(() => controller.error(error)));
  }

  /** Ends the stream by `end`, once, and lets the source go. */
  function close(end: () => void, reason?: unknown): void {
    if (isClosed) return;
    isClosed = true;
    pieces = [];
    end();
    failing?.cancel();
    keeper.closed();
    leave(reason);
    settle();
  }

  async function release(): Promise<void> {
    try {
      await iterator.return?.();
    } catch {
      // Whom should it be told? The reader has gone, or has the first error.
    }
  }

  async function ask(): Promise<void> {
    asking = true;
    try {
      const result = await iterator.next();
      if (signal.aborted) return;
      if (result.done === true) finish();
      else write(bytesOf(result.value));
    } catch (error) {
      // A source whose wait the signal cut short says so: that is no failure.
      if (!signal.aborted) fail(error);
    } finally {
      asking = false;
    }
  }

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(given) {
        controller = given;
        write(keeper.first);
        keeper.start();
      },
      async pull() {
        keeper.drained();
        if (pieces.length > 0) {
          writePiece();
          return;
        }
        if (signal.aborted && failing === undefined) {
          close(() => controller.close());
          return;
        }
        await new Promise<void>((resolve) => {
          pulled = resolve;
          if (!asking && !signal.aborted) void ask();
        });
      },
      cancel(reason) {
        close(() => undefined, reason);
      },
    },
    { highWaterMark: 0, size: ({ byteLength }) => byteLength },
  );
}
