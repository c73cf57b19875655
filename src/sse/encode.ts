// Events to text. The only place that writes the wire format.
import { checkField, checkRetry, type SseEvent } from './event.ts';

/**
 * The event as a block of the stream, its blank line included: `id: 7\ndata: hi\n\n`.
 * Errors: `invalid-input` where a field could break out of its line.
 */
export function encode(event: SseEvent): string {
  let block = '';
  if (event.id !== undefined) {
    checkField('id', event.id);
    block += `id: ${event.id}\n`;
  }
  if (event.event !== undefined) {
    checkField('event', event.event);
    block += `event: ${event.event}\n`;
  }
  return `${block}${encodeLines('data', event.data)}\n`;
}

/** A comment, which receivers skip: a heartbeat or a note to whoever reads the bytes. */
export function encodeComment(text: string): string {
  return `${encodeLines('', text)}\n`;
}

/** Tells the receiver how long to wait before it reconnects, in whole milliseconds. */
export function encodeRetry(retryMs: number): string {
  checkRetry(retryMs);
  return `retry: ${retryMs}\n\n`;
}

function encodeLines(field: string, text: string): string {
  // Always with the space: the receiver takes exactly one away, so a text's own stays.
  if (!/[\r\n]/.test(text)) return `${field}: ${text}\n`;
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => `${field}: ${line}\n`)
    .join('');
}
