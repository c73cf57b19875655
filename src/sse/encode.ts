// Events to text and bytes. The only place that writes the wire format.
import { checkField, checkRetry, type SseEvent } from './event.ts';

/**
 * The event as a block of the stream, its blank line included: `id: 7\ndata: hi\n\n`.
 * Errors: `invalid-input` where a field could break out of its line.
 */
export function encode(event: SseEvent): string {
  const { id, event: name, data } = event;
  let block = '';
  if (id !== undefined) {
    checkField('id', id);
    block = `id: ${id}\n`;
  }
  if (name !== undefined) {
    checkField('event', name);
    block += `event: ${name}\n`;
  }
  return `${block}${encodeLines('data', data)}\n`;
}

const encoder = new TextEncoder();

/**
 * The event as bytes, for the writers: what goes to many readers is encoded once and shared. Blocks
 * may be joined before they are sent. Errors: as `encode`.
 */
export function encodeBytes(event: SseEvent): Uint8Array<ArrayBuffer> {
  return encoder.encode(encode(event));
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
  if (!text.includes('\n') && !text.includes('\r')) return `${field}: ${text}\n`;
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => `${field}: ${line}\n`)
    .join('');
}
