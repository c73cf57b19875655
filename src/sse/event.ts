// What an event is on the wire and which values its fields can hold.
import { show, StreamError } from '../core/errors.ts';
import { unsendable } from './last-event-id.ts';

/** An event to send. */
export interface SseEvent {
  /** Sets the reader's cursor. No control characters but the tab; "" clears the cursor. Absent: it stays. */
  readonly id?: string | undefined;
  /** Event name, not empty, no CR, LF or NUL. Absent: `message`. */
  readonly event?: string | undefined;
  /**
   * The payload. CR and CRLF arrive as LF, because the format has no other line end
   * [whatwg-html 9.2.5].
   */
  readonly data: string;
}

/** An event as it was received. */
export interface SseMessage {
  /** Event name; `message` where the sender gave none. */
  readonly event: string;
  readonly data: string;
  /** The cursor after this event: the newest id that was received, "" where there was none. */
  readonly lastEventId: string;
}

/** How often `respond` and the Node writer send a comment while nothing else is sent, in ms. */
export const defaultHeartbeatMs = 15_000; // The advice of [whatwg-html 9.2.7]: "every 15 seconds or so".

/**
 * Throws `invalid-input` where `value` could end its field, or is an id that no reader could send
 * back: a NUL has it ignored [whatwg-html 9.2.6], and no header holds another control character but
 * the tab [rfc9110 5.5].
 */
export function checkField(name: 'id' | 'event', value: string): void {
  // oxlint-disable-next-line no-control-regex -- these are what the rule is about
  if ((name === 'id' ? unsendable : /[\r\n\0]/).test(value)) {
    throw new StreamError(
      'invalid-input',
      `Expected an SSE ${name} without ${name === 'id' ? 'control characters' : 'CR, LF or NUL'}, got ${show(value)}. ` +
        'Encode it, for example as JSON, in data.',
    );
  }
  if (name === 'event' && value === '') {
    throw new StreamError('invalid-input', 'Expected an SSE event name, got "". Leave it out for "message".');
  }
}

/** Throws `invalid-input` where `retryMs` is not a whole number of milliseconds. */
export function checkRetry(retryMs: number): void {
  if (Number.isSafeInteger(retryMs) && retryMs >= 0) return;
  throw new StreamError('invalid-input', `Expected retry as whole milliseconds, got ${show(retryMs)}.`);
}
