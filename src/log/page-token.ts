// Where a list goes on, as text that a caller only hands back.
import { show, StreamError } from '../core/errors.ts';

/** A row's place in a list that has the last written first; `id` orders rows of one moment. */
export interface ListPlace {
  readonly updatedAtMs: number;
  readonly id: number;
}

export function formatPageToken({ updatedAtMs, id }: ListPlace): string {
  return `${updatedAtMs}-${id}`;
}

/** Errors: `page-token-invalid`. */
export function parsePageToken(text: string): ListPlace {
  const match = /^([0-9]{1,15})-([0-9]{1,15})$/.exec(text);
  if (match === null) {
    throw new StreamError(
      'page-token-invalid',
      `Expected the "next" of an earlier page, got ${show(text)}. Leave it out to begin with the first page.`,
    );
  }
  return { updatedAtMs: Number(match[1]), id: Number(match[2]) };
}
