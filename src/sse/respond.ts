// Events as the body of a web Response. Pull-driven: the source is asked for an event only
// when the socket can take one, so a stalled reader holds one event and nothing more.
import {
  bytesOf,
  createKeeper,
  eventStreamHeaders,
  parseLastEventId,
  type EventsFunction,
  type WriterOptions,
} from './writer.ts';

/**
 * Answers the request with the source's events, each encoded as it is pulled, and comments while
 * there are none. Ends when the source ends; when the reader leaves, takes nothing for too long, or
 * the stream is to end, the source's signal aborts and its iterator is returned. A source that
 * throws breaks the body off, so that the reader comes back.
 */
export function respond(request: Request, source: EventsFunction, options: WriterOptions = {}): Response {
  const headers = { ...options.headers, ...eventStreamHeaders };
  if (request.method === 'HEAD') return new Response(null, { headers });
  return new Response(streamOf(request, source, options), { headers });
}

function streamOf(
  request: Request,
  source: EventsFunction,
  options: WriterOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = new AbortController();
  const reader = { lastEventId: parseLastEventId(request.headers.get('Last-Event-ID')), signal: left.signal };
  const iterator = source(reader)[Symbol.asyncIterator]();
  let controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  let pulled: (() => void) | undefined;
  let asking = false;
  let isClosed = false;

  const keeper = createKeeper(
    {
      write,
      finish: () => close(() => controller.close()),
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
    controller.enqueue(bytes);
    keeper.wrote(false); // Until the next pull, which says that it was taken.
    settle();
  }

  /** Ends the stream by `end`, once, and lets the source go. */
  function close(end: () => void, reason?: unknown): void {
    if (isClosed) return;
    isClosed = true;
    end();
    keeper.closed();
    left.abort(reason ?? new DOMException('The reader has left', 'AbortError'));
    settle();
    void release();
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
      if (isClosed) return;
      if (result.done === true) close(() => controller.close());
      else write(bytesOf(result.value));
    } catch (error) {
      close(() => controller.error(error), error);
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
        await new Promise<void>((resolve) => {
          pulled = resolve;
          if (!asking) void ask();
        });
      },
      cancel(reason) {
        close(() => undefined, reason);
      },
    },
    { highWaterMark: 0, size: ({ byteLength }) => byteLength },
  );
}
