// The standard's EventSource, over fetch: for runtimes that have none, and where the browser's
// cannot be told what to send. Sections in brackets are those of [whatwg-html].
import type { Timers } from '../core/clock.ts';
import type { Chance } from '../core/random.ts';
import { openConnection } from './connection.ts';

export interface EventSourceOptions {
  /** Whether cookies are sent to other origins too. Default: false. */
  readonly withCredentials?: boolean | undefined;
  /** Not in the standard: sends the requests, and can add what they need. Default: the runtime's own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  readonly clock?: Timers | undefined;
  readonly random?: Chance | undefined;
}

type Handler<E extends Event> = ((this: EventSource, event: E) => unknown) | null;

const states = { CONNECTING: 0, OPEN: 1, CLOSED: 2 } as const;
const defaultReconnectionTimeMs = 3_000; // "In the region of a few seconds" [9.2.2]; Chromium's.
/** Marks a source over a stream. */
const oneAnswer = Symbol('one answer');
const maxReconnectionTimeMs = 60_000; // Chosen: where the exponential back-off that [9.2.3] allows ends.

/**
 * Receives an event stream as a browser's `EventSource` does, and can stand in for it: `readyState`,
 * `onopen`, `onmessage`, `onerror`, named events, `lastEventId`, `origin`, reconnecting from the
 * cursor. As there, any answer but a 200 with `text/event-stream` ends it [9.2.3]. Waits between
 * attempts are the reconnection time and a back-off with jitter.
 * Errors: `SyntaxError` for an address that cannot be resolved.
 */
export class EventSource extends EventTarget {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSED: 2;
  declare readonly CONNECTING: 0;
  declare readonly OPEN: 1;
  declare readonly CLOSED: 2;
  declare onopen: Handler<Event>;
  declare onmessage: Handler<MessageEvent<string>>;
  declare onerror: Handler<Event>;

  readonly #url: string;
  readonly #withCredentials: boolean;
  readonly #handlers: Record<string, object | null> = {};
  #readyState: 0 | 1 | 2 = states.CONNECTING;
  #origin = 'null';
  #lastEventId = '';
  #reconnectionTimeMs = defaultReconnectionTimeMs;
  readonly #close: () => void;

  static {
    for (const target of [this, this.prototype]) {
      for (const [name, value] of Object.entries(states))
        Object.defineProperty(target, name, { value, enumerable: true });
    }
    for (const type of ['open', 'message', 'error']) {
      Object.defineProperty(this.prototype, `on${type}`, {
        get(this: EventSource) {
          return this.#handlers[type] ?? null;
        },
        set(this: EventSource, given: unknown) {
          // Any object is kept; it is called where it is a function [webidl LegacyTreatNonObjectAsNull].
          const handler = given === Object(given) ? (given as object) : null;
          // Listening twice with one function is listening once, at its first place.
          if (handler === null) this.removeEventListener(type, this.#callHandler);
          else this.addEventListener(type, this.#callHandler);
          this.#handlers[type] = handler;
        },
        enumerable: true,
        configurable: true,
      });
    }
  }

  constructor(url: string | URL, options: EventSourceOptions = {}) {
    super();
    const { withCredentials = false } = options;
    const address = URL.parse(url, globalThis.location?.href);
    if (address === null) throw new DOMException(`Expected an address, got "${String(url)}".`, 'SyntaxError');
    this.#url = address.href;
    this.#withCredentials = withCredentials;
    const policy = {
      baseMs: defaultReconnectionTimeMs,
      maxMs: maxReconnectionTimeMs,
      readTimeoutMs: 0, // The standard knows no silence that is too long.
    };
    const connection = openConnection(
      address,
      {
        ...options,
        policy,
        credentials: withCredentials ? 'include' : undefined, // Else as `fetch` does: to the own origin alone.
        isRepeatable: !(oneAnswer in options),
        retryMs: defaultReconnectionTimeMs,
      },
      {
        onOpen: (at) => {
          this.#origin = new URL(at === '' ? address : at).origin;
          this.#become(states.OPEN, 'open');
        },
        onMessage: ({ event, data, lastEventId }) => {
          this.#lastEventId = lastEventId;
          this.dispatchEvent(new MessageEvent(event, { data, lastEventId, origin: this.#origin }));
        },
        onRetry: (retryMs) => {
          this.#reconnectionTimeMs = retryMs;
        },
        onLost: () => this.#become(states.CONNECTING, 'error'),
        onEnd: () => this.#become(states.CLOSED, 'error'),
        afterBytes: (lastEventId) => {
          this.#lastEventId = lastEventId;
        },
      },
    );
    this.#close = () => connection.close();
  }

  /**
   * An `EventSource` over a body that was fetched already: the seam that is proposed to the standard
   * [whatwg/html pull request 12272]. It does not reconnect, and fails where the stream ends; to
   * reconnect, pipe one body after another through a `TransformStream`.
   * Errors: `TypeError` where the stream is locked.
   */
  static fromReadableStream(stream: ReadableStream<Uint8Array<ArrayBuffer>>): EventSource {
    const response = new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } });
    const options: EventSourceOptions & { [oneAnswer]: true } = { fetch: async () => response, [oneAnswer]: true };
    return new EventSource('about:event-stream', options);
  }

  get url(): string {
    return this.#url;
  }

  get withCredentials(): boolean {
    return this.#withCredentials;
  }

  /** CONNECTING (0), OPEN (1) or CLOSED (2). */
  get readyState(): 0 | 1 | 2 {
    return this.#readyState;
  }

  /** The cursor: proposed to the standard with `fromReadableStream`. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** What the server asked for with `retry`, in ms, else 3,000: proposed with `fromReadableStream`. */
  get reconnectionTime(): number {
    return this.#reconnectionTimeMs;
  }

  /** Ends the connection for good, without an event. */
  close(): void {
    this.#readyState = states.CLOSED;
    this.#close();
  }

  #become(readyState: 0 | 1 | 2, type: 'open' | 'error'): void {
    this.#readyState = readyState;
    this.dispatchEvent(new Event(type));
  }

  /** Calls the event handler, which keeps its place among the listeners while it is changed [8.1.8.1]. */
  readonly #callHandler = (event: Event): void => {
    const handler = this.#handlers[event.type];
    if (typeof handler === 'function') handler.call(this, event);
  };
}
