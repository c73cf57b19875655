// Events to a Node response: node:http, Express, Koa, Fastify's `reply.raw`.
// Written against the few members it needs, so that this layer stays free of Node's types.
import type { Timer } from '../core/clock.ts';
import { encode, encodeComment, encodeRetry } from './encode.ts';
import type { SseEvent } from './event.ts';
import { fromHeaderValue } from './last-event-id.ts';
import { eventStreamHeaders, spreadRetryMs, writerSettings, type WriterOptions } from './writer.ts';

/** What is needed of a request. */
export interface NodeRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is needed of a response. */
export interface NodeResponse {
  readonly writableLength: number;
  /** Whether it is closed already: its `close` event will not come again. */
  readonly destroyed?: boolean | undefined;
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(text: string): boolean;
  end(): unknown;
  destroy(): unknown;
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

export interface EventStream {
  /** What the client saw last: its `Last-Event-ID`, "" where it has none. */
  readonly lastEventId: string;
  /** Aborts when the client has left, or was closed. */
  readonly signal: AbortSignal;
  /**
   * Sends one event. A reader that has left more than `maxBufferedBytes` waiting is cut off: it can
   * come back from its cursor, and memory is bounded by that and one event.
   */
  send(event: SseEvent): SendResult;
  /** Resolves when the reader can take more, or has left. */
  drained(): Promise<void>;
  /** Ends the response after what was sent. Idempotent. */
  close(): void;
}

/** Answers the request with an event stream: headers and the first bytes are written at once. */
export function openEventStream(
  request: NodeRequest,
  response: NodeResponse,
  options: EventStreamOptions = {},
): EventStream {
  const { clock, random, heartbeatMs, retryMs } = writerSettings(options);
  const maxBufferedBytes = options.maxBufferedBytes ?? 1024 * 1024;
  const left = new AbortController();
  const waiting: Array<() => void> = [];
  let blocked = false;
  let timer: Timer | undefined;

  function heartbeat(): void {
    timer = clock.setTimer(heartbeatMs, () => {
      // A reader that is behind needs no proof that the server lives.
      if (!blocked) write(encodeComment('heartbeat'));
      heartbeat();
    });
  }

  function write(text: string): void {
    blocked = !response.write(text);
  }

  function release(): void {
    blocked = false;
    for (const resolve of waiting.splice(0)) resolve();
  }

  function leave(): void {
    timer?.cancel();
    left.abort(new DOMException('The reader has left', 'AbortError'));
    release();
  }

  // The response's `close`, not the request's, which fires early or never once its body was read.
  response.on('close', leave);
  response.on('error', leave);
  response.on('drain', release);
  if (response.destroyed === true) {
    // It was closed before this call, while its handler waited: no event will tell.
    leave();
  } else {
    response.writeHead(200, { ...eventStreamHeaders });
    write(encodeRetry(spreadRetryMs(retryMs, random)));
    heartbeat();
  }
  const header = request.headers['last-event-id'];

  return {
    lastEventId: typeof header === 'string' ? fromHeaderValue(header) : '',
    signal: left.signal,
    send(event) {
      if (left.signal.aborted) return 'dead';
      const block = encode(event);
      // What waited before counts, not this event: else an event above the bound, such as a long
      // conversation's snapshot, would cut off every reader, each time it came back.
      if (response.writableLength > maxBufferedBytes) {
        response.destroy();
        leave();
        return 'dead';
      }
      write(block);
      return blocked ? 'wait' : 'accepted';
    },
    async drained() {
      if (!blocked || left.signal.aborted) return;
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
    close() {
      if (left.signal.aborted) return;
      response.end();
      leave();
    },
  };
}
