// When to connect, wait, give up a silent connection and stop: a pure state machine.
// connect.ts performs the effects; nothing here reads a clock or touches the network.
import { unreachable } from '../core/assert.ts';
import { backoffMs, type BackoffOptions } from '../core/backoff.ts';
import type { Random } from '../core/random.ts';

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
  /** Replaces the timer that runs, if any. */
  | { readonly type: 'set-timer'; readonly ms: number }
  | { readonly type: 'clear-timer' };

export interface ReconnectStep {
  readonly state: ReconnectState;
  readonly effects: readonly ReconnectEffect[];
}

export interface ReconnectDeps {
  readonly policy: ReconnectPolicy;
  readonly nowMs: number;
  readonly random: Random;
}

/** Waits for a timer that fires at once. */
export const startState: ReconnectState = {
  type: 'waiting',
  attempt: 0,
  wasLive: false,
  retryMs: null,
  openedAtMs: 0,
  lastByteAtMs: 0,
};

export function phaseOf(state: ReconnectState): Phase {
  if (state.type === 'waiting' || state.type === 'connecting') return state.wasLive ? 'stale' : 'connecting';
  return state.type;
}

export function step(state: ReconnectState, input: ReconnectInput, deps: ReconnectDeps): ReconnectStep {
  if (state.type === 'ended') return { state, effects: [] };
  switch (input.type) {
    case 'opened':
      return open(state, deps);
    case 'bytes':
      return { state: { ...state, lastByteAtMs: deps.nowMs }, effects: [] };
    case 'retry-changed':
      return { state: { ...state, retryMs: input.retryMs }, effects: [] };
    case 'lost':
      return lose(state, input.retryAfterMs, deps);
    case 'refused':
      return { state: { ...state, type: 'ended' }, effects: [{ type: 'clear-timer' }] };
    case 'timer-fired':
      return fire(state, deps);
    case 'woken':
      return wake(state, deps);
    case 'went-offline':
      // A live connection is left alone: browsers report "offline" on a change of network too.
      if (state.type !== 'waiting') return { state, effects: [] };
      return { state: { ...state, type: 'offline' }, effects: [{ type: 'clear-timer' }] };
    default:
      return unreachable(input);
  }
}

function open(state: ReconnectState, { policy, nowMs }: ReconnectDeps): ReconnectStep {
  if (state.type !== 'connecting') return { state, effects: [] };
  const opened = { ...state, type: 'live', wasLive: true, openedAtMs: nowMs, lastByteAtMs: nowMs } as const;
  if (policy.readTimeoutMs === 0) return { state: opened, effects: [{ type: 'clear-timer' }] };
  return { state: opened, effects: [{ type: 'set-timer', ms: policy.readTimeoutMs }] };
}

function lose(state: ReconnectState, retryAfterMs: number | undefined, deps: ReconnectDeps): ReconnectStep {
  if (state.type !== 'connecting' && state.type !== 'live') return { state, effects: [] };
  const lived = state.type === 'live' && state.lastByteAtMs - state.openedAtMs >= deps.policy.proofOfLifeMs;
  const attempt = lived ? 0 : state.attempt;
  const jitterMs = backoffMs(attempt, deps.random, deps.policy);
  // What a server asks for is the least; its clients' jitter comes on top, so that they spread, and
  // so that "Retry-After: 0" makes no storm. Only a first `retry`, which the server spreads, is bare.
  const askedMs = retryAfterMs ?? state.retryMs ?? 0;
  const isBare = retryAfterMs === undefined && state.retryMs !== null && attempt === 0;
  const ms = isBare ? askedMs : askedMs + jitterMs;
  return {
    state: { ...state, type: 'waiting', attempt: attempt + 1 },
    effects: [{ type: 'set-timer', ms }],
  };
}

function fire(state: ReconnectState, deps: ReconnectDeps): ReconnectStep {
  if (state.type === 'waiting') return reconnect(state, deps);
  if (state.type !== 'live' && state.type !== 'connecting') return { state, effects: [] };
  const { readTimeoutMs } = deps.policy;
  // A clock that was set back would hide the silence until it caught up: count from now instead.
  const lastByteAtMs = Math.min(state.lastByteAtMs, deps.nowMs);
  const silentMs = deps.nowMs - lastByteAtMs;
  // Timers of a hidden tab come late and early: the time of the last byte decides, not the timer.
  if (state.type === 'live' && silentMs < readTimeoutMs) {
    return { state: { ...state, lastByteAtMs }, effects: [{ type: 'set-timer', ms: readTimeoutMs - silentMs }] };
  }
  const lost = lose(state, undefined, deps);
  return { state: lost.state, effects: [{ type: 'abort' }, ...lost.effects] };
}

function wake(state: ReconnectState, deps: ReconnectDeps): ReconnectStep {
  const { policy, nowMs } = deps;
  switch (state.type) {
    case 'waiting':
    case 'offline':
      return reconnect(state, deps);
    case 'live':
      // A healthy stream is never aborted because its tab was hidden.
      if (policy.readTimeoutMs === 0 || nowMs - state.lastByteAtMs < policy.readTimeoutMs) {
        return { state, effects: [] };
      }
      return reconnect(state, deps);
    case 'connecting':
    case 'ended':
      return { state, effects: [] };
    default:
      return unreachable(state.type);
  }
}

function reconnect(state: ReconnectState, { policy }: ReconnectDeps): ReconnectStep {
  // A request that is never answered is as dead as a silent stream: the same timer watches it.
  const watch: ReconnectEffect =
    policy.readTimeoutMs > 0 ? { type: 'set-timer', ms: policy.readTimeoutMs } : { type: 'clear-timer' };
  return { state: { ...state, type: 'connecting' }, effects: [{ type: 'abort' }, watch, { type: 'connect' }] };
}
