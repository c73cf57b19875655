// An offset as it is spelled for the wire: `epoch.offset`, what `Last-Event-ID` carries.
import { show, StreamError } from '../core/errors.ts';

export interface Cursor {
  /** The store that minted it; undefined for a bare offset, which means the store that reads it. */
  readonly epoch: string | undefined;
  readonly offset: number;
}

export function formatCursor(cursor: { epoch: string; offset: number }): string {
  return `${cursor.epoch}.${cursor.offset}`;
}

/** Errors: `cursor-invalid`. */
export function parseCursor(text: string): Cursor {
  const match = /^(?:([0-9a-z]{1,20})\.)?([0-9]{1,15})$/.exec(text);
  if (match === null) {
    throw new StreamError(
      'cursor-invalid',
      `Expected a cursor such as "k3f9x2ab.42", as the id of an event gives it, or an offset such as "42", got ${show(text)}. ` +
        'Leave it out to begin with a snapshot.',
    );
  }
  return { epoch: match[1], offset: Number(match[2]) };
}
