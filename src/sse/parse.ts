// Bytes or text to events: the algorithm of [whatwg-html 9.2.6], incrementally. The only SSE parser here.
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
   * Takes the next piece of the stream, split anywhere: bytes, or text that was decoded already. An
   * incomplete last block is kept back. Time is linear in what was fed, whatever the pieces' size.
   * Errors: `event-too-large`; the parser is of no further use then.
   */
  feed(chunk: Uint8Array | string): void;
}

const defaultMaxEventLength = 16 * 1024 * 1024; // Chosen: above any event a sane server sends.

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const colon = 0x3a;
const byteOrderMark = 0xfeff;

export function createParser(options: ParserOptions): Parser {
  const { onEvent, onRetry, maxEventLength = defaultMaxEventLength } = options;
  // The byte order mark is the parser's to take away, at the start and nowhere else.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let isCut = false;
  let lastEventId = options.lastEventId ?? '';
  let pendingId = lastEventId;
  let eventName = 'message';
  let data = '';
  let hasData = false;
  let line = ''; // The unfinished line. Engines join pieces lazily, so many small ones stay linear.
  let atStart = true;
  let afterCarriageReturn = false;

  function endBlock(): void {
    if (hasData) {
      const value = data;
      data = '';
      hasData = false;
      dispatch(value);
    } else {
      lastEventId = pendingId;
      eventName = 'message';
    }
  }

  function dispatch(value: string): void {
    const event = eventName;
    eventName = 'message';
    lastEventId = pendingId;
    onEvent({ event, data: value, lastEventId });
  }

  function addData(value: string): void {
    if (data.length + value.length >= maxEventLength) throw tooLarge(maxEventLength);
    data = hasData ? `${data}\n${value}` : value;
    hasData = true;
  }

  /** Takes the line that stands in `text` from `start` to `end`. */
  function endLine(text: string, start: number, end: number): void {
    if (end - start > maxEventLength) throw tooLarge(maxEventLength);
    if (start === end) {
      endBlock();
      return;
    }
    // The fields of most streams come first and are recognised where they stand, without a copy. No
    // line end is among their characters, so what matches ends before `end`.
    if (isData(text, start)) addData(valueAt(text, start + 5, end));
    else if (isId(text, start)) setId(valueAt(text, start + 3, end));
    else if (isEvent(text, start)) setEvent(valueAt(text, start + 6, end));
    else if (text.charCodeAt(start) !== colon) setField(text.slice(start, end)); // Else a comment.
  }

  function setId(value: string): void {
    if (!value.includes('\0')) pendingId = value;
  }

  function setEvent(value: string): void {
    eventName = value === '' ? 'message' : value;
  }

  function setField(field: string): void {
    if (field === 'data') addData('');
    else if (field === 'id') setId('');
    else if (field === 'event') setEvent('');
    else if (field.startsWith('retry:')) {
      const value = valueAt(field, 6, field.length);
      if (/^[0-9]+$/.test(value)) onRetry?.(Number(value));
    }
    // Unknown fields are ignored, so that the format can grow.
  }

  /** Takes whole lines from `start` on; gives the place behind the last. */
  function endLines(text: string, start: number): number {
    let at = start;
    let nextReturn = text.indexOf('\r', at);
    let nextFeed = text.indexOf('\n', at);
    while (true) {
      if (nextReturn === -1 || (nextFeed !== -1 && nextFeed < nextReturn)) {
        if (nextFeed === -1) return at;
        if (text.charCodeAt(nextFeed + 1) !== lineFeed) {
          endLine(text, at, nextFeed);
          at = nextFeed + 1;
        } else {
          // A blank line follows: seen at once, it saves a search. One line of data before it is what
          // most events are made of, and need not be kept.
          if (!hasData && isData(text, at) && nextFeed - at <= maxEventLength) {
            dispatch(valueAt(text, at + 5, nextFeed));
          } else {
            endLine(text, at, nextFeed);
            endBlock();
          }
          at = nextFeed + 2;
        }
        nextFeed = at < text.length ? text.indexOf('\n', at) : -1;
      } else {
        endLine(text, at, nextReturn);
        at = nextReturn + 1;
        if (nextFeed === at) {
          at += 1;
          nextFeed = text.indexOf('\n', at);
        }
        // The line is complete; only whether an LF belongs to its end is not known yet.
        afterCarriageReturn = at === text.length && text.charCodeAt(at - 1) === carriageReturn;
        nextReturn = text.indexOf('\r', at);
      }
    }
  }

  /**
   * Ends the unfinished line with the text's first line end; gives the place behind it. Only this
   * line is put together: joined to it, the whole text would be slower to search.
   */
  function finishLine(text: string, start: number): number {
    const lineEnd = /\r\n?|\n/g;
    lineEnd.lastIndex = start;
    const match = lineEnd.exec(text);
    if (match === null) return start;
    const complete = line + text.slice(start, match.index);
    line = '';
    endLine(complete, 0, complete.length);
    afterCarriageReturn = match[0] === '\r' && lineEnd.lastIndex === text.length;
    return lineEnd.lastIndex;
  }

  /** What is invalid becomes U+FFFD. */
  function decode(bytes: Uint8Array): string {
    const wasCut = isCut;
    isCut = (bytes.at(-1) ?? (wasCut ? 0x80 : 0)) >= 0x80;
    // A piece that ends with ASCII cuts no character. Node decodes a small one whole at half the
    // cost of decoding in pieces; of a large one it makes a string that is slower to search.
    if (isCut || wasCut || bytes.length > 4_096) return decoder.decode(bytes, { stream: true });
    return decoder.decode(bytes);
  }

  return {
    get lastEventId() {
      return lastEventId;
    },
    feed(chunk) {
      const text = typeof chunk === 'string' ? chunk : decode(chunk);
      if (text === '') return;
      let start = 0;
      if (atStart && text.charCodeAt(0) === byteOrderMark) start = 1;
      atStart = false;
      if (afterCarriageReturn && text.charCodeAt(start) === lineFeed) start += 1;
      afterCarriageReturn = false;
      if (line !== '') start = finishLine(text, start);
      if (line === '') start = endLines(text, start);
      if (start === text.length) return;
      line += text.slice(start);
      if (line.length > maxEventLength) throw tooLarge(maxEventLength);
    },
  };
}

/** The field's value: what stands behind the colon and one space. */
function valueAt(text: string, afterColon: number, end: number): string {
  return text.slice(text.charCodeAt(afterColon) === space ? afterColon + 1 : afterColon, end);
}

// Compared by hand: these are the hot path, and `startsWith` costs a call each.

function isData(text: string, at: number): boolean {
  return (
    text.charCodeAt(at) === 0x64 &&
    text.charCodeAt(at + 1) === 0x61 &&
    text.charCodeAt(at + 2) === 0x74 &&
    text.charCodeAt(at + 3) === 0x61 &&
    text.charCodeAt(at + 4) === colon
  );
}

function isId(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x69 && text.charCodeAt(at + 1) === 0x64 && text.charCodeAt(at + 2) === colon;
}

function isEvent(text: string, at: number): boolean {
  return (
    text.charCodeAt(at) === 0x65 &&
    text.charCodeAt(at + 1) === 0x76 &&
    text.charCodeAt(at + 2) === 0x65 &&
    text.charCodeAt(at + 3) === 0x6e &&
    text.charCodeAt(at + 4) === 0x74 &&
    text.charCodeAt(at + 5) === colon
  );
}

function tooLarge(maxEventLength: number): StreamError {
  return new StreamError(
    'event-too-large',
    `Expected an event of at most ${maxEventLength} characters, got more. Raise maxEventLength, or send several events.`,
  );
}
