// The refusals that every driver makes in the same words.
import { show, StreamError } from '../core/errors.ts';
import { appendLimits, type AppendOptions, type Entry, type IndexChange, type NewEntry } from './log.ts';

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

/** What is stored does not begin or end where the entries that are to replace it do. */
export function trimConflict(stream: string, range: { from: number; through: number }): StreamError {
  return new StreamError(
    'offset-conflict',
    `Expected entries of stream ${stream} to begin at offset ${range.from} and to end at ${range.through}, but they do not. ` +
      'Read the stream again and trim what is there.',
    { details: range },
  );
}

export function offsetExpired(stream: string, after: number, entry: { from: number; offset: number }): StreamError {
  return new StreamError(
    'offset-expired',
    `Expected an offset of stream ${stream} that can still be read on from, got ${after}: ` +
      `${entry.from} to ${entry.offset} have become one entry. Take a snapshot, or read on from ${entry.from - 1}.`,
    { details: { after, from: entry.from, through: entry.offset } },
  );
}

export function streamDeleted(stream: string): StreamError {
  return new StreamError('stream-deleted', `Expected stream ${stream}, but it was deleted. Use a new one.`);
}

export function logClosed(): StreamError {
  return new StreamError('store-unavailable', 'Expected an open log, but it was closed.');
}

/** Errors: `invalid-input`. */
export function checkAppend(stream: string, entries: readonly NewEntry[], options: AppendOptions = {}): void {
  checkName("a stream's name", stream);
  if (options.key !== undefined) checkName('a key', options.key);
  if (options.index !== undefined) checkIndex(options.index);
  if (entries.length === 0 || entries.length > appendLimits.maxEntries) {
    throw new StreamError(
      'invalid-input',
      `Expected 1 to ${appendLimits.maxEntries} entries, got ${entries.length}. Append them in several calls.`,
    );
  }
  let length = options.index?.text?.length ?? 0;
  for (const { type, data } of entries) {
    length += data.length;
    checkText(data);
    checkText(type);
  }
  if (length > appendLimits.maxLength) {
    throw new StreamError(
      'invalid-input',
      `Expected at most ${appendLimits.maxLength} characters at once, got ${length}. Append them in several calls.`,
    );
  }
}

function checkIndex({ owner, title = '', text = '' }: IndexChange): void {
  checkName("an owner's name", owner);
  if (title.length > appendLimits.maxNameLength) {
    throw new StreamError(
      'invalid-input',
      `Expected a title of at most ${appendLimits.maxNameLength} characters, got ${show(title)}. Shorten it.`,
    );
  }
  checkText(title);
  checkNoNul('a title', title);
  checkText(text);
}

function checkName(what: string, name: string): void {
  checkNoNul(what, name);
  if (name !== '' && name.length <= appendLimits.maxNameLength && name.isWellFormed()) return;
  throw new StreamError(
    'invalid-input',
    `Expected ${what} of 1 to ${appendLimits.maxNameLength} characters, got ${show(name)}. Choose another.`,
  );
}

/** Databases that end a text there would give back less of it: SQLite under Node 22 does. */
function checkNoNul(what: string, text: string): void {
  if (!text.includes('\0')) return;
  throw new StreamError('invalid-input', `Expected ${what} without NUL, got ${show(text)}. Take U+0000 out.`);
}

function checkText(text: string): void {
  if (text.isWellFormed()) return;
  throw new StreamError(
    'invalid-input',
    `Expected well-formed text, got half of a surrogate pair in ${show(text)}. Use toWellFormed().`,
  );
}

/** Errors: `invalid-input` where the entries do not follow each other without a hole. */
export function checkTrim(stream: string, entries: readonly Entry[]): void {
  for (const [position, { from, offset, type, data }] of entries.entries()) {
    checkText(type);
    checkText(data);
    const before = entries[position - 1];
    if (from >= 1 && offset >= from && (before === undefined || from === before.offset + 1)) continue;
    throw new StreamError(
      'invalid-input',
      `Expected entries that cover a part of stream ${stream} without a hole, got ${from} to ${offset} behind ${before?.offset ?? 'nothing'}.`,
    );
  }
  if (entries.length === 0) {
    throw new StreamError('invalid-input', `Expected what to put into stream ${stream}, got no entry.`);
  }
}

/** Errors: `invalid-input`. */
export function checkLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1) return;
  throw new StreamError(
    'invalid-input',
    `Expected a limit of 1 or more, got ${show(limit)}. Leave it out for the default.`,
  );
}
