// Events to a Node response, of node:http and node:http2 alike: Express, Koa, Fastify's `reply.raw`.
// Written against the few members it needs, so that this layer stays free of Node's types.
import {
  bytesOf,
  createKeeper,
  headersOf,
  parseLastEventId,
  piecesOf,
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
  /** HTTP/2: where that stands there, and what resets the stream. */
  readonly stream?: { readonly destroyed: boolean; close(code: number): unknown } | undefined;
  writeHead(status: number, headers: Record<string, string>): unknown;
  /** Calls back when the bytes have left the process, or never will. */
  write(bytes: Uint8Array, callback?: () => void): boolean;
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

const internalError = 2; // HTTP/2's INTERNAL_ERROR [rfc9113 7].

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
  // What waits for the response to take more: an event in pieces, and what was sent behind it.
  let pieces: Array<Uint8Array<ArrayBuffer>> = [];
  let whenWritten: (() => void) | undefined;

  function write(bytes: Uint8Array<ArrayBuffer>): void {
    if (pieces.length === 0) {
      pieces = piecesOf(bytes);
      writePiece(pieces.shift() ?? bytes);
    } else {
      pieces.push(...piecesOf(bytes));
    }
    writeOn();
  }

  function writePiece(piece: Uint8Array): void {
    isBlocked = !response.write(piece);
    keeper.wrote(!isBlocked);
  }

  /** Writes what waits, as far as the response takes it. */
  function writeOn(): void {
    while (!isBlocked) {
      const piece = pieces.shift();
      if (piece === undefined) break;
      writePiece(piece);
    }
    if (pieces.length > 0) return;
    whenWritten?.();
    whenWritten = undefined;
  }

  /** Calls it when all that was sent has been written, and not if the reader goes before. */
  function afterWriting(callback: () => void): void {
    if (pieces.length === 0) callback();
    else whenWritten = callback;
  }

  function waitingBytes(): number {
    return pieces.reduce((sum, { length }) => sum + length, response.writableLength);
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
    afterWriting(() => response.end());
    leave();
  }

  function cut(): void {
    // `destroy` would reset an HTTP/2 stream without an error, which readers take for an end.
    if (response.stream === undefined) response.destroy();
    else response.stream.close(internalError);
    closed();
  }

  /**
   * Cuts behind what was sent, or after the deadline. What was sent must arrive: else a source that
   * fails a moment after each event would never get its readers any further.
   */
  async function breakOff(): Promise<void> {
    keeper.finished();
    leave();
    await new Promise<void>((resolve) => {
      response.on('close', resolve);
      afterWriting(() => response.write(new Uint8Array(), resolve));
    });
    cut();
  }

  function closed(): void {
    pieces = [];
    whenWritten = undefined;
    keeper.closed();
    leave();
  }

  const keeper = createKeeper({ write, finish, cut }, options);
  // The response's `close`, not the request's, which fires early or never once its body was read.
  response.on('close', closed);
  response.on('error', closed);
  response.on('drain', () => {
    keeper.drained();
    isBlocked = false;
    writeOn();
    if (!isBlocked) release();
  });

  if (response.destroyed === true || response.stream?.destroyed === true) {
    closed(); // It was closed before this call, while its handler waited: no event will tell.
  } else {
    response.setTimeout?.(0); // Some frameworks give up what is silent for a while.
    response.writeHead(200, headersOf(options));
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
      if (waitingBytes() > maxBufferedBytes) {
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
  return { stream, breakOff };
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
  const { stream, breakOff } = open(request, response, { ...options, maxBufferedBytes: Infinity });
  if (stream.signal.aborted) return; // It was a HEAD, or the reader has left already.
  let iterator: AsyncIterator<Sendable> | undefined;
  let returned: Promise<unknown> | undefined;

  /** Once, and as soon as the reader leaves: some sources wait until they are returned. */
  async function release(): Promise<void> {
    returned ??= iterator?.return?.();
    await returned;
  }

  // What that throws is told below.
  stream.signal.addEventListener('abort', () => void release().catch(() => undefined), { once: true });
  try {
    iterator = source(stream)[Symbol.asyncIterator]();
    while (!stream.signal.aborted) {
      const result = await iterator.next();
      if (result.done === true) break;
      if (stream.send(result.value) === 'wait') await stream.drained();
    }
    stream.close();
  } catch (error) {
    // A source whose wait the signal cut short says so: the reader's leaving is no failure.
    if (stream.signal.aborted) return;
    await breakOff();
    throw error;
  } finally {
    await release();
  }
}
