// Events to a Node response, of node:http and node:http2 alike: Express, Koa, Fastify's `reply.raw`.
// Written against the few members it needs, so that this layer stays free of Node's types.
import {
  bytesOf,
  createKeeper,
  eventStreamHeaders,
  parseLastEventId,
  type EventsFunction,
  type Reader,
  type Sendable,
  type WriterOptions,
} from './writer.ts';

/** What is needed of a request. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly httpVersionMajor?: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is needed of a response. */
export interface NodeResponse {
  readonly writableLength: number;
  /** Whether it is closed already: its `close` event will not come again. */
  readonly destroyed?: boolean | undefined;
  /** HTTP/2: where that stands there. */
  readonly stream?: { readonly destroyed: boolean } | undefined;
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(bytes: Uint8Array): boolean;
  end(): unknown;
  destroy(): unknown;
  setTimeout?(ms: number): unknown;
  on(event: 'close' | 'drain' | 'error', listener: () => void): unknown;
}

export interface EventStreamOptions extends WriterOptions {
  /**
   * What may wait for a slow reader, in bytes; one that leaves more waiting is cut off at the next
   * event. A single event may be larger. Default: 1 MiB.
   */
  readonly maxBufferedBytes?: number | undefined;
}

/** `accepted`: on its way. `wait`: taken, but the reader is slow. `dead`: the reader is gone. */
export type SendResult = 'accepted' | 'wait' | 'dead';

export interface EventStream extends Reader {
  /**
   * Sends one event, or bytes that `encodeBytes` gave. A reader that has left more than
   * `maxBufferedBytes` waiting is cut off: it can come back from its cursor, and memory is bounded
   * by that and one event. Errors: `invalid-input` for an event that cannot be written.
   */
  send(sendable: Sendable): SendResult;
  /** Resolves when the reader can take more, or with `dead` when it has left, was cut off or closed. */
  drained(): Promise<'accepted' | 'dead'>;
  /** Ends the response after what was sent. Idempotent. */
  close(): void;
}

const defaultMaxBufferedBytes = 1024 * 1024; // Chosen: seconds of a slow phone, at most 1 GB for 1,000 of them.

/**
 * Answers the request with an event stream that the caller sends to: headers and the first bytes are
 * written at once. Where the events can be asked for, `respondNode` is simpler.
 */
export function openEventStream(
  request: NodeRequest,
  response: NodeResponse,
  options: EventStreamOptions = {},
): EventStream {
  return open(request, response, options).stream;
}

function open(request: NodeRequest, response: NodeResponse, options: EventStreamOptions) {
  const { maxBufferedBytes = defaultMaxBufferedBytes } = options;
  const left = new AbortController();
  const { signal } = left;
  let waiting: Array<() => void> = [];
  let isBlocked = false;

  function write(bytes: Uint8Array): void {
    isBlocked = !response.write(bytes);
    keeper.wrote(!isBlocked);
  }

  function release(): void {
    isBlocked = false;
    const released = waiting;
    waiting = [];
    for (const resolve of released) resolve();
  }

  /** Nothing more is sent; the keeper watches until what was sent is taken. */
  function leave(): void {
    left.abort(new DOMException('The reader has left', 'AbortError'));
    release();
  }

  function finish(): void {
    keeper.finished();
    response.end();
    leave();
  }

  function cut(): void {
    response.destroy();
    closed();
  }

  function closed(): void {
    keeper.closed();
    leave();
  }

  const keeper = createKeeper({ write, finish, cut }, options);
  // The response's `close`, not the request's, which fires early or never once its body was read.
  response.on('close', closed);
  response.on('error', closed);
  response.on('drain', () => {
    keeper.drained();
    release();
  });

  if (response.destroyed === true || response.stream?.destroyed === true) {
    closed(); // It was closed before this call, while its handler waited: no event will tell.
  } else {
    response.setTimeout?.(0); // Some frameworks give up what is silent for a while.
    response.writeHead(200, { ...options.headers, ...eventStreamHeaders });
    if (request.method === 'HEAD') {
      finish();
    } else {
      write(keeper.first);
      keeper.start();
    }
  }

  const stream: EventStream = {
    lastEventId: parseLastEventId(request.headers['last-event-id']),
    signal,
    send(sendable) {
      if (signal.aborted) return 'dead';
      const bytes = bytesOf(sendable);
      // What waited before counts, not this event: else an event above the bound, such as a long
      // conversation's snapshot, would cut off every reader, each time it came back.
      if (response.writableLength > maxBufferedBytes) {
        cut();
        return 'dead';
      }
      write(bytes);
      return isBlocked ? 'wait' : 'accepted';
    },
    async drained() {
      if (isBlocked && !signal.aborted) await new Promise<void>((resolve) => waiting.push(resolve));
      return signal.aborted ? 'dead' : 'accepted';
    },
    close() {
      if (signal.aborted) return;
      finish();
    },
  };
  return { stream, cut };
}

/**
 * Answers the request with the source's events, asked for as the reader takes them. Resolves when
 * the response has been ended: the source has ended, or the reader has left. A source that throws
 * breaks the response off, so that the reader comes back, and is rethrown.
 */
export async function respondNode(
  request: NodeRequest,
  response: NodeResponse,
  source: EventsFunction,
  options: WriterOptions = {},
): Promise<void> {
  const { stream, cut } = open(request, response, { ...options, maxBufferedBytes: Infinity });
  const iterator = source(stream)[Symbol.asyncIterator]();
  try {
    while (!stream.signal.aborted) {
      const result = await iterator.next();
      if (result.done === true) break;
      if (stream.send(result.value) === 'wait') await stream.drained();
    }
    stream.close();
  } catch (error) {
    // A source whose wait the signal cut short says so: the reader's leaving is no failure.
    if (stream.signal.aborted) return;
    cut();
    throw error;
  } finally {
    await iterator.return?.();
  }
}
