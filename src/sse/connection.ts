// A connection that stays: attempts one after another, from the cursor, until told to stop.
// The decisions are reconnect.ts's and the requests attempt.ts's; this file brings them together.
// connect.ts and event-source.ts are the two faces of it.
import { systemTimers, type Timer, type Timers } from '../core/clock.ts';
import { StreamError } from '../core/errors.ts';
import { systemChance, type Chance } from '../core/random.ts';
import { attemptOnce, type AttemptListener, type Judge, type RequestOptions } from './attempt.ts';
import type { SseMessage } from './event.ts';
import {
  isUp,
  phaseOf,
  startState,
  step,
  type Phase,
  type ReconnectInput,
  type ReconnectPolicy,
  type ReconnectState,
} from './reconnect.ts';
import { watchPage } from './watch-page.ts';

export interface ConnectionOptions extends RequestOptions {
  readonly policy: ReconnectPolicy;
  readonly lastEventId?: string | undefined;
  /** Whether the request may be sent again; else the first answer is the only one. */
  readonly isRepeatable: boolean;
  readonly judge?: Judge | undefined;
  /** The first wait, and the least of each, until the server asks for another with `retry`. Default: none. */
  readonly retryMs?: number | undefined;
  readonly clock?: Timers | undefined;
  readonly random?: Chance | undefined;
}

export interface ConnectionListener {
  /** At each change of phase, the first one included. */
  readonly onPhase?: ((phase: Phase) => void) | undefined;
  /** At each answer that is an event stream, with its address behind all redirects. */
  onOpen?(url: string): void;
  onMessage(message: SseMessage): void;
  /** The connection was lost, or could not be made, and another attempt follows. */
  readonly onLost?: ((reason: unknown) => void) | undefined;
  /** For good; with the error that it ended by, if there is one. Not after `close`. */
  onEnd(failure?: { readonly reason: unknown }): void;
  onRetry?(retryMs: number): void;
  /** After each piece of the stream, with the cursor behind it. More is read when it resolves. */
  afterBytes?(lastEventId: string): Promise<void> | void;
  /** Whether nothing is read because `afterBytes` has not resolved: silence says nothing then. */
  isHeld?(): boolean;
}

/** The address in full; a page's own is what a relative one begins from. Errors: `invalid-input`. */
export function resolveUrl(url: string | URL): URL {
  const resolved = URL.parse(url, globalThis.location?.href);
  if (resolved !== null) return resolved;
  throw new StreamError('invalid-input', `Expected the address of an event stream, got "${String(url)}".`);
}

export function openConnection(url: URL, options: ConnectionOptions, listener: ConnectionListener): { close(): void } {
  const { clock = systemTimers, random = systemChance, policy, isRepeatable, judge } = options;
  let state: ReconnectState = { ...startState, retryMs: options.retryMs ?? null };
  let phase: Phase | undefined;
  let cursor = options.lastEventId ?? '';
  let timer: Timer | undefined;
  let current: AbortController | undefined;

  function send(input: ReconnectInput): void {
    const { state: next, abort, timerMs, connect } = step(state, input, { policy, nowMs: clock.now(), random });
    state = next;
    if (abort === true) current?.abort();
    if (timerMs !== undefined) {
      timer?.cancel();
      timer = timerMs === null ? undefined : clock.setTimer(timerMs, () => sendChecked({ type: 'timer-fired' }));
    }
    if (connect === true) void attempt();
    // What must not be sent again ends where it is lost: nobody is told that it waits for another try.
    if (phaseOf(state) === phase || (state.type === 'waiting' && !isRepeatable)) return;
    phase = phaseOf(state);
    listener.onPhase?.(phase);
  }

  /** Sends what may find the connection silent, which says nothing about the server while nobody reads. */
  function sendChecked(input: ReconnectInput): void {
    if (listener.isHeld?.() === true) send({ type: 'bytes' });
    const wasUp = isUp(state);
    // A stream that was silent over a sleep is lost before it is woken: it may be one that must not come back.
    const isWoken = input.type === 'woken' && state.type === 'live' && policy.readTimeoutMs > 0;
    send(isWoken ? { type: 'timer-fired' } : input);
    if (!wasUp || state.type !== 'waiting') return;
    lose(new DOMException('The server fell silent', 'TimeoutError'));
    if (isWoken) send(input);
  }

  function lose(reason: unknown): void {
    if (isRepeatable) listener.onLost?.(reason);
    else end({ reason });
  }

  function end(failure?: { readonly reason: unknown }): void {
    if (state.type === 'ended') return;
    close();
    listener.onEnd(failure);
  }

  function close(): void {
    unwatch();
    send({ type: 'refused' });
    current?.abort();
  }

  async function attempt(): Promise<void> {
    const mine = new AbortController();
    const { signal } = mine;
    current = mine;
    const request = { url, options, signal, lastEventId: cursor, judge, nowMs: () => clock.now() };
    const ended = await attemptOnce(request, handler);
    if (signal.aborted) return;
    mine.abort(); // Ends a request whose answer was of no use.
    if (ended.type === 'refused') end(ended.reason === undefined ? undefined : { reason: ended.reason });
    else if (ended.type === 'finished' || (!isRepeatable && ended.reason === undefined)) end();
    else {
      send(ended);
      lose(ended.reason);
    }
  }

  const handler: AttemptListener = {
    onOpen(at) {
      send({ type: 'opened' });
      listener.onOpen?.(at);
    },
    onRetry(retryMs) {
      send({ type: 'retry-changed', retryMs });
      listener.onRetry?.(retryMs);
    },
    onMessage(message) {
      // A listener may have closed it in the middle of a piece.
      if (state.type !== 'ended') listener.onMessage(message);
    },
    onBytes(lastEventId) {
      send({ type: 'bytes' });
      cursor = lastEventId;
      return listener.afterBytes?.(lastEventId);
    },
  };

  const unwatch = watchPage(sendChecked);
  send({ type: 'timer-fired' });
  return { close };
}
