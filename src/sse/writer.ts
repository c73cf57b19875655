// What the writers for web and Node responses have in common.
import { coarseTimers } from '../core/coarse-timers.ts';
import { systemTimers, type Timer, type Timers } from '../core/clock.ts';
import { systemChance, type Chance } from '../core/random.ts';
import type { Drain } from './drain.ts';
import { encodeBytes, encodeComment, encodeRetry } from './encode.ts';
import { defaultHeartbeatMs, type SseEvent } from './event.ts';
import { fromHeaderValue } from './last-event-id.ts';

/**
 * What can be sent: an event, or bytes that `encodeBytes` gave, of one event or of several joined.
 * Bytes are not copied: they may go to any number of readers, and must not be changed.
 */
export type Sendable = SseEvent | Uint8Array<ArrayBuffer>;

/** Who reads a stream. */
export interface Reader {
  /** What it saw last: its `Last-Event-ID`, "" where it has none. */
  readonly lastEventId: string;
  /** Aborts when it has left, or is to be sent nothing more. */
  readonly signal: AbortSignal;
}

/** Gives what one reader is sent, after what it saw last. Asked for more when the reader can take it. */
export type EventsFunction = (reader: Reader) => AsyncIterable<Sendable>;

export interface WriterOptions {
  /**
   * The longest silence, in ms: a comment is sent where nothing else is. At least 250; 0 for no
   * comments. Default: 15,000.
   */
  readonly heartbeatMs?: number | undefined;
  /** How long clients should wait before they reconnect, in ms; half to one and a half times this, by chance. Default: 1,000. */
  readonly retryMs?: number | undefined;
  /**
   * How long a reader may take nothing of what waits for it before it is cut off, in ms; it is never
   * cut off earlier, and at most half of this or 500 ms later. Default: 30,000.
   */
  readonly writeDeadlineMs?: number | undefined;
  /**
   * How long a stream lasts, in ms; 80 to 100 % of this, by chance, so that those who came at one
   * moment do not leave at one. It ends at an event's boundary. Default: no limit.
   */
  readonly maxAgeMs?: number | undefined;
  /** Ends the stream when the server is to stop. */
  readonly drain?: Drain | undefined;
  /** Further response headers. The stream's own, `eventStreamHeaders`, are sent in place of any of their names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly clock?: Timers | undefined;
  readonly random?: Chance | undefined;
}

/**
 * The headers of every event stream: not cached, not transformed, not buffered by nginx. The same
 * for every version of HTTP: what belongs to one, as `Connection`, is the server's to add, and
 * malformed in HTTP/2 [rfc9113 8.2.2].
 */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

const defaultRetryMs = 1_000; // Chosen: short enough for a person, long enough for a restart.
const defaultWriteDeadlineMs = 30_000; // Chosen: longer than a phone's tunnel, shorter than a dead link's TCP time-out.

const stepMs = 250; // What coarseTimers can tell apart.

const encoder = new TextEncoder();
const heartbeat = encoder.encode(encodeComment('heartbeat'));

/** The response's headers: each name once, for they have no case [rfc9110 5.1]. */
export function headersOf({ headers = {} }: WriterOptions): Record<string, string> {
  const byName = new Map<string, readonly [string, string]>();
  for (const entry of [...Object.entries(headers), ...Object.entries(eventStreamHeaders)]) {
    byName.set(entry[0].toLowerCase(), entry);
  }
  return Object.fromEntries(byName.values());
}

const maxPieceBytes = 128 * 1024; // Chosen: what a reader at 5 kB/s takes within the deadline.

/**
 * Cuts what is large, without a copy. What a slow reader has taken is only seen when a whole write is
 * gone: a conversation's snapshot in one would have it cut off in the middle, each time it came back.
 */
export function piecesOf(bytes: Uint8Array<ArrayBuffer>): Array<Uint8Array<ArrayBuffer>> {
  if (bytes.length <= maxPieceBytes) return [bytes];
  const pieces: Array<Uint8Array<ArrayBuffer>> = [];
  for (let at = 0; at < bytes.length; at += maxPieceBytes) pieces.push(bytes.subarray(at, at + maxPieceBytes));
  return pieces;
}

/** The bytes of what is to be sent. Errors: `invalid-input`. */
export function bytesOf(sendable: Sendable): Uint8Array<ArrayBuffer> {
  return sendable instanceof Uint8Array ? sendable : encodeBytes(sendable);
}

/** What a request's `Last-Event-ID` header says; "" where there is none. */
export function parseLastEventId(header: string | readonly string[] | null | undefined): string {
  return typeof header === 'string' ? fromHeaderValue(header) : '';
}

/** What a stream's keeper does to it. */
export interface Kept {
  /** Writes bytes that are no event. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** Ends it after what was written. */
  finish(): void;
  /** Ends it at once: its reader takes nothing. */
  cut(): void;
}

/** Watches over one stream: its heartbeat, its deadline, its age, the server's end. */
export interface Keeper {
  /** The first bytes: some clients report "open" only when they arrive. */
  readonly first: Uint8Array<ArrayBuffer>;
  /** Call it when the first bytes were written. May finish the stream at once. */
  start(): void;
  /** Something was written, and whether the reader can take more. */
  wrote(canTakeMore: boolean): void;
  /** What was written has been taken. */
  drained(): void;
  /** The last was written; it closes when that is taken. */
  finished(): void;
  /** The stream has closed: nothing is done to it any more. */
  closed(): void;
}

export function createKeeper(stream: Kept, options: WriterOptions): Keeper {
  const { clock = systemTimers, random = systemChance, maxAgeMs = Infinity } = options;
  const { heartbeatMs = defaultHeartbeatMs, writeDeadlineMs = defaultWriteDeadlineMs } = options;
  const timers = coarseTimers(clock);
  // Nothing is set or counted for an event: now and then it is looked what has become of the stream.
  // In whole steps of what the timers can tell apart, so that looks can be counted as time.
  const wishedMs = Math.min(heartbeatMs > 0 ? heartbeatMs / 2 : Infinity, writeDeadlineMs / 4);
  const lookMs = Math.max(1, Math.floor(wishedMs / stepMs)) * stepMs;
  let looks: Timer | undefined;
  let age: Timer | undefined;
  let leave: (() => void) | undefined;
  let quietLooks = 0;
  let blockedLooks = 0;
  let isBlocked = false;
  let isFinished = false;

  function retry(): Uint8Array<ArrayBuffer> {
    return encoder.encode(encodeRetry(spreadRetryMs(options.retryMs ?? defaultRetryMs, random)));
  }

  function look(): void {
    looks = timers.setTimer(lookMs, look);
    quietLooks += 1;
    blockedLooks = isBlocked ? blockedLooks + 1 : 0;
    // The first look that found it so may have come just after it began.
    if ((blockedLooks - 1) * lookMs >= writeDeadlineMs) stream.cut();
    // What waits to be taken is proof enough that the server lives. Else: the next look would be too late.
    else if (heartbeatMs > 0 && !isBlocked && (quietLooks + 1) * lookMs > heartbeatMs) stream.write(heartbeat);
  }

  function finish(): void {
    if (isFinished) return;
    stream.write(retry());
    stream.finish();
  }

  return {
    first: retry(),
    start() {
      looks = timers.setTimer(lookMs, look);
      if (maxAgeMs < Infinity) age = timers.setTimer(maxAgeMs * (0.8 + 0.2 * random.float()), finish);
      leave = options.drain?.join(finish);
    },
    wrote(canTakeMore) {
      quietLooks = 0;
      if (!canTakeMore) isBlocked = true;
    },
    drained() {
      blockedLooks = 0;
      if (!isFinished) isBlocked = false;
    },
    finished() {
      isFinished = true;
      isBlocked = true; // Until it has closed: what was written before must be taken in time, too.
      age?.cancel();
    },
    closed() {
      isFinished = true;
      looks?.cancel();
      age?.cancel();
      leave?.();
    },
  };
}

/** `retryMs` spread by chance over half to one and a half times its value, so that a crowd does not come back at once. */
export function spreadRetryMs(retryMs: number, random: Chance): number {
  return Math.round(retryMs * (0.5 + random.float()));
}
