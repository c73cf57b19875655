// Text to events: the algorithm of [whatwg-html 9.2.6], incrementally. The only SSE parser here.
import { StreamError } from '../core/errors.ts';
import type { SseMessage } from './event.ts';

export interface ParserOptions {
  /** Called for each complete event, in order. */
  readonly onEvent: (message: SseMessage) => void;
  /** Called for a valid `retry` field, in milliseconds. */
  readonly onRetry?: ((retryMs: number) => void) | undefined;
  /** Largest event, and largest line, in UTF-16 code units. Default: 16 Mi. */
  readonly maxEventLength?: number | undefined;
  /** The cursor to begin with, as after a reconnect. Default: "". */
  readonly lastEventId?: string | undefined;
}

/** An incremental parser of one connection. Use a new one for each. */
export interface Parser {
  /** The cursor: moves at the blank line that ends a block, with or without an event. */
  readonly lastEventId: string;
  /**
   * Takes the next piece of the stream, split anywhere. An incomplete last block is kept back.
   * Errors: `event-too-large`; the parser is of no further use then.
   */
  feed(text: string): void;
}

const defaultMaxEventLength = 16 * 1024 * 1024; // Chosen: above any event a sane server sends.

export function createParser(options: ParserOptions): Parser {
  const { onEvent, onRetry, maxEventLength = defaultMaxEventLength } = options;
  let lastEventId = options.lastEventId ?? '';
  let pendingId = lastEventId;
  let eventName = '';
  let data: string | undefined;
  let dataLength = 0;
  let line = ''; // The unfinished line. V8 joins pieces lazily, so many small ones stay linear.
  let atStart = true;
  let afterCarriageReturn = false;

  function endBlock(): void {
    lastEventId = pendingId;
    if (data !== undefined) onEvent({ event: eventName === '' ? 'message' : eventName, data, lastEventId });
    eventName = '';
    data = undefined;
    dataLength = 0;
  }

  function field(name: string, value: string): void {
    switch (name) {
      case 'data':
        dataLength += value.length + 1;
        if (dataLength > maxEventLength) throw tooLarge(maxEventLength);
        data = data === undefined ? value : `${data}\n${value}`;
        break;
      case 'event':
        eventName = value;
        break;
      case 'id':
        if (!value.includes('\0')) pendingId = value;
        break;
      case 'retry':
        if (/^[0-9]+$/.test(value)) onRetry?.(Number(value));
        break;
      default: // Unknown fields are ignored, so that the format can grow.
    }
  }

  function endLine(text: string): void {
    if (text === '') {
      endBlock();
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return; // A comment.
    if (colon === -1) {
      field(text, '');
      return;
    }
    const start = text.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1;
    field(text.slice(0, colon), text.slice(start));
  }

  return {
    get lastEventId() {
      return lastEventId;
    },
    feed(text) {
      if (text === '') return;
      let start = 0;
      if (atStart) {
        atStart = false;
        if (text.charCodeAt(0) === 0xfeff) start = 1;
      }
      if (afterCarriageReturn) {
        // The line ended with the CR already; an LF right behind it belongs to the same end.
        if (text.charCodeAt(start) === 0x0a) start += 1;
        afterCarriageReturn = false;
      }
      const lineEnd = /\r\n?|\n/g;
      lineEnd.lastIndex = start;
      for (let match = lineEnd.exec(text); match !== null; match = lineEnd.exec(text)) {
        const complete = line + text.slice(start, match.index);
        line = '';
        if (complete.length > maxEventLength) throw tooLarge(maxEventLength);
        start = lineEnd.lastIndex;
        afterCarriageReturn = match[0] === '\r' && start === text.length;
        endLine(complete);
      }
      line += text.slice(start);
      if (line.length > maxEventLength) throw tooLarge(maxEventLength);
    },
  };
}

function tooLarge(maxEventLength: number): StreamError {
  return new StreamError(
    'event-too-large',
    `Expected an event of at most ${maxEventLength} characters, got a longer one. ` +
      'Raise maxEventLength, or send the payload in several events.',
  );
}
