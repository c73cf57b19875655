// The refusals that every driver makes in the same words.
import { StreamError } from '../core/errors.ts';

export function fenced(lease: { name: string; epoch: number }, current: number | undefined): StreamError {
  return new StreamError(
    'lease-lost',
    `Expected the newest epoch of lease ${lease.name} (${current ?? 'none'}), got ${lease.epoch}. ` +
      'Another writer has taken over: stop writing.',
    { details: { epoch: lease.epoch, current: current ?? null } },
  );
}

export function offsetConflict(stream: string, expected: number, head: number): StreamError {
  return new StreamError(
    'offset-conflict',
    `Expected stream ${stream} to end at offset ${expected}, but it ends at ${head}. Read what was added and try again.`,
    { details: { expected, head } },
  );
}
