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
  /** A connection is proof of life, and resets the back-off, once it has lived this long, in ms. */
  readonly proofOfLifeMs: number;
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

export type ReconnectEffect =
  | { readonly type: 'connect' }
  | { readonly type: 'abort' }
  /** Replaces the timer that runs, if any; null: there is none then. */
  | { readonly type: 'set-timer'; readonly ms: number | null };

export interface ReconnectStep {
  readonly state: ReconnectState;
  readonly effects: readonly ReconnectEffect[];
}

export interface ReconnectDeps {
  readonly policy: ReconnectPolicy;
  readonly nowMs: number;
  readonly random: Chance;
}

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
  if (state.type === 'ended') return stay(state);
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
      return to(state, { type: 'ended' }, timer(null));
    case 'timer-fired':
      return fire(state, deps);
    case 'woken':
      return wake(state, deps);
    case 'went-offline':
      // A live connection is left alone: browsers report "offline" on a change of network too.
      return state.type === 'waiting' ? to(state, { type: 'offline' }, timer(null)) : stay(state);
  }
}

function stay(state: ReconnectState): ReconnectStep {
  return { state, effects: [] };
}

function to(
  state: ReconnectState,
  change: Partial<ReconnectState>,
  ...effects: readonly ReconnectEffect[]
): ReconnectStep {
  return { state: { ...state, ...change }, effects };
}

function timer(ms: number | null): ReconnectEffect {
  return { type: 'set-timer', ms };
}

/** Watches for silence: of a stream, and of a request, which is as dead where it is never answered. */
function watch({ readTimeoutMs }: ReconnectPolicy): ReconnectEffect {
  return timer(readTimeoutMs > 0 ? readTimeoutMs : null);
}

const isUp = (state: ReconnectState): boolean => state.type === 'connecting' || state.type === 'live';

function open(state: ReconnectState, { policy, nowMs }: ReconnectDeps): ReconnectStep {
  if (state.type !== 'connecting') return stay(state);
  return to(state, { type: 'live', wasLive: true, openedAtMs: nowMs, lastByteAtMs: nowMs }, watch(policy));
}

function lose(state: ReconnectState, retryAfterMs: number | undefined, deps: ReconnectDeps): ReconnectStep {
  if (!isUp(state)) return stay(state);
  const lived = state.type === 'live' && state.lastByteAtMs - state.openedAtMs >= deps.policy.proofOfLifeMs;
  const attempt = lived ? 0 : state.attempt;
  const jitterMs = backoffMs(attempt, deps.random, deps.policy);
  // What a server asks for is the least; its clients' jitter comes on top, so that they spread, and
  // so that "Retry-After: 0" makes no storm. Only a first `retry`, which the server spreads, is bare.
  const askedMs = retryAfterMs ?? state.retryMs ?? 0;
  const isBare = retryAfterMs === undefined && state.retryMs !== null && attempt === 0;
  const ms = isBare ? askedMs : askedMs + jitterMs;
  const held = retryAfterMs === undefined ? null : { untilMs: deps.nowMs + ms, forMs: ms };
  return to(state, { type: 'waiting', attempt: attempt + 1, held }, timer(ms));
}

function fire(state: ReconnectState, deps: ReconnectDeps): ReconnectStep {
  if (state.type === 'waiting') return reconnect(state, deps);
  if (!isUp(state)) return stay(state);
  // A clock that was set back would hide the silence until it caught up: count from now instead.
  const lastByteAtMs = Math.min(state.lastByteAtMs, deps.nowMs);
  const leftMs = deps.policy.readTimeoutMs - (deps.nowMs - lastByteAtMs);
  // Timers of a hidden tab come late and early: the time of the last byte decides, not the timer.
  if (state.type === 'live' && leftMs > 0) return to(state, { lastByteAtMs }, timer(leftMs));
  const lost = lose(state, undefined, deps);
  return { state: lost.state, effects: [{ type: 'abort' }, ...lost.effects] };
}

function wake(state: ReconnectState, deps: ReconnectDeps): ReconnectStep {
  const { policy, nowMs } = deps;
  // A healthy stream is never aborted because its tab was hidden, nor a request that is under way.
  const isSilent = policy.readTimeoutMs > 0 && nowMs - state.lastByteAtMs >= policy.readTimeoutMs;
  if (state.type === 'connecting' || (state.type === 'live' && !isSilent)) return stay(state);
  // A clock that was set back makes the wait no longer than it was.
  const heldMs = state.held === null ? 0 : Math.min(state.held.untilMs - nowMs, state.held.forMs);
  return heldMs > 0 ? to(state, { type: 'waiting' }, timer(heldMs)) : reconnect(state, deps);
}

function reconnect(state: ReconnectState, { policy }: ReconnectDeps): ReconnectStep {
  return to(state, { type: 'connecting', held: null }, { type: 'abort' }, watch(policy), { type: 'connect' });
}
