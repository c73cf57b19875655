import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Random } from '../core/random.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import {
  phaseOf,
  startState,
  step,
  type Phase,
  type ReconnectEffects,
  type ReconnectInput,
  type ReconnectPolicy,
  type ReconnectState,
} from './reconnect.ts';

const policy: ReconnectPolicy = { baseMs: 1_000, maxMs: 30_000, readTimeoutMs: 37_500 };
/** Chance at its worst, so that a wait is its upper bound. */
const longest: Random = { float: () => 1 - Number.EPSILON, id: () => 'unused' };

/** The machine with a hand on it: time goes on by `at`, effects are kept. */
function createMachine(options: { policy?: Partial<ReconnectPolicy>; random?: Random } = {}) {
  const deps = { policy: { ...policy, ...options.policy }, random: options.random ?? longest };
  let state: ReconnectState = startState;
  let nowMs = 1_000_000;
  const machine = {
    get phase(): Phase {
      return phaseOf(state);
    },
    get state(): ReconnectState {
      return state;
    },
    /** What the input asks for, in order: `set-timer 500`. */
    send(input: ReconnectInput | ReconnectInput['type']): string[] {
      // The inputs that are sent by name alone have no other member that must be there.
      const given = typeof input === 'string' ? ({ type: input } as ReconnectInput) : input;
      const result = step(state, given, { ...deps, nowMs });
      state = result.state;
      return spell(result);
    },
    pass(ms: number) {
      nowMs += ms;
      return machine;
    },
    /** Begins, and is answered. */
    goLive() {
      machine.send('timer-fired');
      machine.send('opened');
      return machine;
    },
  };
  return machine;
}

function spell({ abort, timerMs, connect }: ReconnectEffects): string[] {
  const timer = timerMs === null ? ['clear-timer'] : timerMs === undefined ? [] : [`set-timer ${timerMs}`];
  return [...(abort === true ? ['abort'] : []), ...timer, ...(connect === true ? ['connect'] : [])];
}

/** The wait that a loss asks for, in ms. */
function waitOf(effects: readonly string[]): number {
  const timers = effects.filter((effect) => effect.startsWith('set-timer '));
  expect(timers).toHaveLength(1);
  return Number(timers[0]?.slice('set-timer '.length));
}

describe('[SSE-BACKOFF] back-off', () => {
  /** The waits after `count` attempts that fail one after another. */
  function waits(count: number, random: Random): number[] {
    const machine = createMachine({ random });
    return Array.from({ length: count }, () => {
      machine.send('timer-fired');
      return waitOf(machine.send('lost'));
    });
  }

  it('doubles at each failure, up to the maximum', () => {
    expect(waits(8, longest)).toEqual([999, 1_999, 3_999, 7_999, 15_999, 29_999, 29_999, 29_999]);
  });

  it('stays capped after any number of failures', () => {
    expect(Math.max(...waits(2_000, longest))).toBe(29_999);
  });

  it('is anywhere between nothing and its bound, by chance', () => {
    const bounds = [1_000, 2_000, 4_000, 8_000];
    const samples = Array.from({ length: 200 }, (_, seed) => waits(4, createSeededRandom(seed)));
    bounds.forEach((bound, index) => {
      const sample = samples.map((waitsOfOne) => waitsOfOne[index] ?? Number.NaN);
      expect(Math.max(...sample)).toBeLessThan(bound);
      expect(Math.max(...sample)).toBeGreaterThan(bound * 0.9);
      expect(Math.min(...sample)).toBeLessThan(bound * 0.1);
    });
  });

  it('is not reset by a connection that was only opened', () => {
    const machine = createMachine();
    for (const expected of [999, 1_999, 3_999]) {
      machine.goLive();
      expect(waitOf(machine.pass(60_000).send('lost'))).toBe(expected);
    }
  });

  it('is not reset by a connection that lived too short to prove anything', () => {
    const machine = createMachine();
    for (const expected of [999, 1_999, 3_999]) {
      machine.goLive().pass(4_999).send('bytes');
      expect(waitOf(machine.send('lost'))).toBe(expected);
    }
  });

  it('is reset by bytes that came after the time of proof', () => {
    const machine = createMachine();
    machine.send('timer-fired');
    machine.send('lost');
    machine.goLive().pass(5_000).send('bytes');
    expect(waitOf(machine.send('lost'))).toBe(999);
    machine.send('timer-fired');
    expect(waitOf(machine.send('lost'))).toBe(1_999);
  });
});

describe('[SSE-ASKED] what the server asks for', () => {
  it('is the wait after a first loss: retry', () => {
    const machine = createMachine().goLive();
    machine.send({ type: 'retry-changed', retryMs: 4_200 });
    expect(waitOf(machine.send('lost'))).toBe(4_200);
  });

  it('is the least after further losses, with the back-off on top', () => {
    const machine = createMachine({ random: createSeededRandom(1) }).goLive();
    machine.send({ type: 'retry-changed', retryMs: 4_200 });
    machine.send('lost');
    for (let failure = 1; failure < 20; failure += 1) {
      machine.send('timer-fired');
      const waitMs = waitOf(machine.send('lost'));
      expect(waitMs).toBeGreaterThanOrEqual(4_200);
      expect(waitMs).toBeLessThan(4_200 + Math.min(30_000, 1_000 * 2 ** failure));
    }
  });

  it('is never less than Retry-After', () => {
    const machine = createMachine({ random: createSeededRandom(2) });
    for (let failure = 0; failure < 20; failure += 1) {
      machine.send('timer-fired');
      expect(waitOf(machine.send({ type: 'lost', retryAfterMs: 7_000 }))).toBeGreaterThanOrEqual(7_000);
    }
  });

  it('never makes a storm: after Retry-After: 0 and retry: 0 repeated failures still back off', () => {
    for (const retryAfterMs of [0, undefined]) {
      const machine = createMachine();
      machine.send({ type: 'retry-changed', retryMs: 0 });
      const waits = Array.from({ length: 4 }, () => {
        machine.send('timer-fired');
        return waitOf(machine.send({ type: 'lost', retryAfterMs }));
      });
      expect(waits.slice(1)).toEqual([1_999, 3_999, 7_999]);
    }
  });

  it('is not cut short by a wake-up or a network that comes back: Retry-After', () => {
    const machine = createMachine();
    machine.send('timer-fired');
    expect(machine.send({ type: 'lost', retryAfterMs: 60_000 })).toEqual(['set-timer 60999']);
    expect(machine.pass(20_000).send('woken')).toEqual(['set-timer 40999']);
    expect(machine.send('went-offline')).toEqual(['clear-timer']);
    expect(machine.pass(20_000).send('woken')).toEqual(['set-timer 20999']);
    expect(machine.pass(-3_600_000).send('woken')).toEqual(['set-timer 60999']);
    expect(machine.pass(3_700_000).send('woken')).toEqual(['abort', 'set-timer 37500', 'connect']);
  });

  it('does not outlive its loss: Retry-After counts once', () => {
    const machine = createMachine();
    machine.send('timer-fired');
    machine.send({ type: 'lost', retryAfterMs: 60_000 });
    machine.send('timer-fired');
    expect(waitOf(machine.send('lost'))).toBe(1_999);
  });
});

describe('[SSE-SILENCE] silence', () => {
  it('of the read timeout aborts and comes back after a back-off', () => {
    const machine = createMachine().goLive();
    expect(machine.pass(37_500).send('timer-fired')).toEqual(['abort', 'set-timer 999']);
    expect(machine.phase).toBe('stale');
    expect(machine.send('timer-fired')).toEqual(['abort', 'set-timer 37500', 'connect']);
  });

  it('is counted from the last byte, not from the timer', () => {
    const machine = createMachine().goLive();
    machine.pass(30_000).send('bytes');
    expect(machine.pass(7_500).send('timer-fired')).toEqual(['set-timer 30000']);
    expect(machine.phase).toBe('live');
    expect(machine.pass(29_999).send('timer-fired')).toEqual(['set-timer 1']);
    expect(machine.pass(1).send('timer-fired')).toEqual(['abort', 'set-timer 999']);
  });

  it('after the clock was set back is noticed within one more read timeout', () => {
    const machine = createMachine().goLive();
    expect(machine.pass(-3_600_000).send('timer-fired')).toEqual(['set-timer 37500']);
    expect(machine.pass(37_500).send('timer-fired')).toEqual(['abort', 'set-timer 999']);
  });

  it('of a request that is never answered abandons it', () => {
    const machine = createMachine();
    expect(machine.send('timer-fired')).toEqual(['abort', 'set-timer 37500', 'connect']);
    expect(machine.pass(37_500).send('timer-fired')).toEqual(['abort', 'set-timer 999']);
    expect(machine.phase).toBe('connecting');
    expect(machine.send('opened')).toEqual([]);
    expect(machine.phase).toBe('connecting');
  });

  it('is not watched where the read timeout is 0', () => {
    const machine = createMachine({ policy: { readTimeoutMs: 0 } });
    expect(machine.send('timer-fired')).toEqual(['abort', 'clear-timer', 'connect']);
    expect(machine.send('opened')).toEqual(['clear-timer']);
    expect(machine.pass(1e9).send('woken')).toEqual([]);
  });
});

describe('[SSE-SILENCE] waking and the network', () => {
  it('leaves a healthy stream alone', () => {
    const machine = createMachine().goLive();
    expect(machine.pass(37_499).send('woken')).toEqual([]);
    expect(machine.phase).toBe('live');
  });

  it('reconnects at once where the stream was silent for too long', () => {
    const machine = createMachine().goLive();
    expect(machine.pass(37_500).send('woken')).toEqual(['abort', 'set-timer 37500', 'connect']);
    expect(machine.phase).toBe('stale');
  });

  it('cuts a wait short', () => {
    const machine = createMachine().goLive();
    machine.send('lost');
    expect(machine.send('woken')).toEqual(['abort', 'set-timer 37500', 'connect']);
  });

  it('does not ask twice while a request is under way', () => {
    const machine = createMachine();
    machine.send('timer-fired');
    expect(machine.send('woken')).toEqual([]);
    expect(machine.send('woken')).toEqual([]);
  });

  it('stops trying without a network and starts when it is back', () => {
    const machine = createMachine().goLive();
    machine.send('lost');
    expect(machine.send('went-offline')).toEqual(['clear-timer']);
    expect(machine.phase).toBe('offline');
    expect(machine.send('timer-fired')).toEqual([]);
    expect(machine.send('woken')).toEqual(['abort', 'set-timer 37500', 'connect']);
    expect(machine.phase).toBe('stale');
  });

  it('does not give up a live stream because the browser says offline', () => {
    const machine = createMachine().goLive();
    expect(machine.send('went-offline')).toEqual([]);
    expect(machine.phase).toBe('live');
  });
});

describe('[SSE-STATUS] the end', () => {
  const inputs: ReconnectInput[] = [
    { type: 'opened' },
    { type: 'bytes' },
    { type: 'retry-changed', retryMs: 5 },
    { type: 'lost', retryAfterMs: 5 },
    { type: 'refused' },
    { type: 'timer-fired' },
    { type: 'woken' },
    { type: 'went-offline' },
  ];

  it('comes by a refusal, from every state, once', () => {
    const before: Record<string, ReconnectInput[]> = {
      waiting: [],
      connecting: [{ type: 'timer-fired' }],
      live: [{ type: 'timer-fired' }, { type: 'opened' }],
      offline: [{ type: 'went-offline' }],
    };
    for (const [name, path] of Object.entries(before)) {
      const machine = createMachine();
      for (const input of path) machine.send(input);
      expect(machine.state.type).toBe(name);
      expect(machine.send('refused')).toEqual(['clear-timer']);
      expect(machine.phase).toBe('ended');
    }
  });

  it.each(inputs)('nothing follows it: $type', (input) => {
    const machine = createMachine().goLive();
    machine.send('refused');
    const ended = machine.state;
    expect(machine.send(input)).toEqual([]);
    expect(machine.state).toBe(ended);
  });
});

describe('[SSE-PHASE] any sequence of inputs', () => {
  const input: fc.Arbitrary<ReconnectInput> = fc.oneof(
    fc.constantFrom<ReconnectInput>(
      { type: 'opened' },
      { type: 'bytes' },
      { type: 'lost' },
      { type: 'woken' },
      { type: 'went-offline' },
    ),
    // More often than the rest, so that sequences get somewhere.
    fc.constant<ReconnectInput>({ type: 'timer-fired' }),
    fc.nat(100_000).map((retryMs): ReconnectInput => ({ type: 'retry-changed', retryMs })),
    fc.nat(100_000).map((retryAfterMs): ReconnectInput => ({ type: 'lost', retryAfterMs })),
  );
  const moment = fc.record({ input, passMs: fc.constantFrom(0, 1, 4_000, 6_000, 40_000, -50_000) });
  const history = fc.array(moment, { maxLength: 60 });

  it('asks for one connection at a time and never ends by itself', () => {
    fc.assert(
      fc.property(history, fc.nat(), (moments, seed) => {
        const machine = createMachine({ random: createSeededRandom(seed) });
        let connections = 0;
        for (const { input: next, passMs } of moments) {
          if (next.type === 'lost') connections = 0;
          for (const effect of machine.pass(passMs).send(next)) {
            if (effect === 'abort') connections = 0;
            if (effect === 'connect') connections += 1;
            expect(connections).toBeLessThanOrEqual(1);
            expect(machine.state.type).not.toBe('ended');
          }
        }
      }),
    );
  });

  it('always has a way on: a timer, but where only a wake-up can help', () => {
    fc.assert(
      fc.property(history, fc.nat(), (moments, seed) => {
        const machine = createMachine({ random: createSeededRandom(seed) });
        let timer = true;
        for (const { input: next, passMs } of moments) {
          if (next.type === 'timer-fired') {
            if (!timer) continue;
            timer = false;
          }
          for (const effect of machine.pass(passMs).send(next)) {
            if (effect.startsWith('set-timer ')) timer = true;
            if (effect === 'clear-timer') timer = false;
          }
          expect(timer).toBe(machine.phase !== 'offline');
        }
      }),
    );
  });

  it('is in the phase that what happened gives', () => {
    fc.assert(
      fc.property(history, fc.nat(), (moments, seed) => {
        const machine = createMachine({ random: createSeededRandom(seed) });
        let open = false; // A request or stream is under way.
        let wasLive = false;
        let expected: Phase = 'connecting';
        for (const { input: next, passMs } of moments) {
          const effects = machine.pass(passMs).send(next);
          const notYet: Phase = wasLive ? 'stale' : 'connecting';
          if (next.type === 'lost' && open) [open, expected] = [false, notYet];
          if (next.type === 'opened' && open) [wasLive, expected] = [true, 'live'];
          if (next.type === 'went-offline' && !open) expected = 'offline';
          if (next.type === 'woken' && !open) expected = notYet; // Maybe only to wait on, as Retry-After asks.
          if (effects.includes('abort')) [open, expected] = [false, notYet];
          if (effects.includes('connect')) open = true;
          expect(machine.phase).toBe(expected);
        }
      }),
    );
  });
});
