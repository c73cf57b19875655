// When to connect, wait, give up a silent connection and stop: a pure state machine.
// connect.ts performs the effects; nothing here reads a clock or touches the network.
import { backoffMs, type BackoffOptions } from '../core/backoff.ts';
import type { Chance } from '../core/random.ts';

/**
 * What a person may be told. `connecting`: no data yet. `live`: events arrive as they happen.
 * `stale`: was live, is reconnecting. `offline`: the device has no network. `ended`: for good.
 */
export type Phase = 'connecting' | 'live' | 'stale' | 'offline' | 'ended';

export interface ReconnectPolicy extends BackoffOptions {
  /** A connection that was silent for this long is dead, in ms. 0: never. */
  readonly readTimeoutMs: number;
}

export interface ReconnectState {
  readonly type: 'connecting' | 'live' | 'waiting' | 'offline' | 'ended';
  /** Failures since the last proof of life. */
  readonly attempt: number;
  /** Whether a connection was ever live. */
  readonly wasLive: boolean;
  /** What the server asked for with `retry`, in ms; null where it did not. */
  readonly retryMs: number | null;
  readonly openedAtMs: number;
  readonly lastByteAtMs: number;
  /** The wait that a Retry-After asked for: nothing cuts it short. Null where there is none. */
  readonly held: { readonly untilMs: number; readonly forMs: number } | null;
}

export type ReconnectInput =
  | { readonly type: 'opened' }
  | { readonly type: 'bytes' }
  | { readonly type: 'retry-changed'; readonly retryMs: number }
  /** The connection ended, or could not be made. `retryAfterMs` is the server's Retry-After. */
  | { readonly type: 'lost'; readonly retryAfterMs?: number | undefined }
  /** The server said that it is no use to come back: 204, a 4xx, another content type. */
  | { readonly type: 'refused' }
  | { readonly type: 'timer-fired' }
  /** The tab became visible, was restored, or the network came back. */
  | { readonly type: 'woken' }
  | { readonly type: 'went-offline' };

/** What is to be done, in this order. */
export interface ReconnectEffects {
  /** Give up the request or stream that is under way. */
  readonly abort?: boolean;
  /** Replaces the timer that runs, if any; null: there is none then. */
  readonly timerMs?: number | null;
  readonly connect?: boolean;
}

export interface ReconnectStep extends ReconnectEffects {
  readonly state: ReconnectState;
}

export interface ReconnectDeps {
  readonly policy: ReconnectPolicy;
  readonly nowMs: number;
  readonly random: Chance;
}

/** A connection is proof of life, and resets the back-off, once bytes came after this long. */
const proofOfLifeMs = 5_000; // Chosen: longer than any server takes to fall over again.

/** Waits for a timer that fires at once. */
export const startState: ReconnectState = {
  type: 'waiting',
  attempt: 0,
  wasLive: false,
  retryMs: null,
  openedAtMs: 0,
  lastByteAtMs: 0,
  held: null,
};

export function phaseOf(state: ReconnectState): Phase {
  if (state.type === 'waiting' || state.type === 'connecting') return state.wasLive ? 'stale' : 'connecting';
  return state.type;
}

export function step(state: ReconnectState, input: ReconnectInput, deps: ReconnectDeps): ReconnectStep {
  if (state.type === 'ended') return { state };
  switch (input.type) {
    case 'opened':
      return open(state, deps);
    case 'bytes':
      return to(state, { lastByteAtMs: deps.nowMs });
    case 'retry-changed':
      return to(state, { retryMs: input.retryMs });
    case 'lost':
      return lose(state, input.retryAfterMs, deps);
    case 'refused':
      return to(state, { type: 'ended' }, { timerMs: null });
    case 'timer-fired':
      return fire(state, deps);
    case 'woken':
      return wake(state, deps);
    case 'went-offline':
      // A live connection is left alone: browsers report "offline" on a change of network too.
      return state.type === 'waiting' ? to(state, { type: 'offline' }, { timerMs: null }) : { state };
  }
}

function to(state: ReconnectState, change: Partial<ReconnectState>, effects?: ReconnectEffects): ReconnectStep {
  return { ...effects, state: { ...state, ...change } };
}

/** Whether a request or a stream is under way. */
export const isUp = (state: ReconnectState): boolean => state.type === 'connecting' || state.type === 'live';

/** The time of a silence that is too long: of a stream, or of a request, as dead where it is never answered. */
const silenceMs = ({ readTimeoutMs }: ReconnectPolicy): number | null => (readTimeoutMs > 0 ? readTimeoutMs : null);

function open(state: ReconnectState, { policy, nowMs }: ReconnectDeps): ReconnectStep {
  if (state.type !== 'connecting') return { state };
  const change = { type: 'live', wasLive: true, openedAtMs: nowMs, lastByteAtMs: nowMs } as const;
  return to(state, change, { timerMs: silenceMs(policy) });
}

function lose(state: ReconnectState, retryAfterMs: number | undefined, deps: ReconnectDeps): ReconnectStep {
  if (!isUp(state)) return { state };
  const lived = state.type === 'live' && state.lastByteAtMs - state.openedAtMs >= proofOfLifeMs;
  const attempt = lived ? 0 : state.attempt;
  const jitterMs = backoffMs(attempt, deps.random, deps.policy);
  // What a server asks for is the least; its clients' jitter comes on top, so that they spread, and
  // so that "Retry-After: 0" makes no storm. Only a first `retry`, which the server spreads, is bare.
  const askedMs = retryAfterMs ?? state.retryMs ?? 0;
  const isBare = retryAfterMs === undefined && state.retryMs !== null && attempt === 0;
  const timerMs = isBare ? askedMs : askedMs + jitterMs;
  const held = retryAfterMs === undefined ? null : { untilMs: deps.nowMs + timerMs, forMs: timerMs };
  return to(state, { type: 'waiting', attempt: attempt + 1, held }, { timerMs });
}

function fire(state: ReconnectState, deps: ReconnectDeps): ReconnectStep {
  if (state.type === 'waiting') return reconnect(state, deps);
  if (!isUp(state)) return { state };
  // A clock that was set back would hide the silence until it caught up: count from now instead.
  const lastByteAtMs = Math.min(state.lastByteAtMs, deps.nowMs);
  const timerMs = deps.policy.readTimeoutMs - (deps.nowMs - lastByteAtMs);
  // Timers of a hidden tab come late and early: the time of the last byte decides, not the timer.
  if (state.type === 'live' && timerMs > 0) return to(state, { lastByteAtMs }, { timerMs });
  return { ...lose(state, undefined, deps), abort: true };
}

function wake(state: ReconnectState, deps: ReconnectDeps): ReconnectStep {
  const { policy, nowMs } = deps;
  // A healthy stream is never aborted because its tab was hidden, nor a request that is under way.
  const isSilent = policy.readTimeoutMs > 0 && nowMs - state.lastByteAtMs >= policy.readTimeoutMs;
  if (state.type === 'connecting' || (state.type === 'live' && !isSilent)) return { state };
  // A clock that was set back makes the wait no longer than it was.
  const timerMs = state.held === null ? 0 : Math.min(state.held.untilMs - nowMs, state.held.forMs);
  return timerMs > 0 ? to(state, { type: 'waiting' }, { timerMs }) : reconnect(state, deps);
}

function reconnect(state: ReconnectState, { policy }: ReconnectDeps): ReconnectStep {
  const effects = { abort: true, timerMs: silenceMs(policy), connect: true };
  return to(state, { type: 'connecting', held: null }, effects);
}
