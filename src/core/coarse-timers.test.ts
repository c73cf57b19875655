import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../testing/fake-clock.ts';
import { coarseTimers } from './coarse-timers.ts';

function createRig() {
  const clock = createFakeClock();
  const timers = coarseTimers(clock);
  const fired: string[] = [];
  return { clock, timers, fired, wait: (ms: number, name: string) => timers.setTimer(ms, () => fired.push(name)) };
}

describe('coarseTimers', () => {
  it('fires each once, in order, within a tick of its time', async () => {
    const { clock, fired, wait } = createRig();
    wait(1_000, 'b');
    wait(250, 'a');
    await clock.advance(100);
    wait(1_000, 'c');
    await clock.advance(149);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual(['a']);
    await clock.advance(749);
    expect(fired).toEqual(['a']);
    await clock.advance(1);
    expect(fired).toEqual(['a', 'b', 'c']);
    await clock.advance(100_000);
    expect(fired).toEqual(['a', 'b', 'c']);
  });

  it('takes one timer of the runtime for any number, and none when nothing waits', async () => {
    const { clock, fired, wait } = createRig();
    expect(clock.pending).toBe(0);
    const timers = Array.from({ length: 1_000 }, (_, n) => wait(n, `${n}`));
    expect(clock.pending).toBe(1);
    for (const timer of timers.slice(1)) timer.cancel();
    expect(clock.pending).toBe(1);
    await clock.advance(250);
    expect(fired).toEqual(['0']);
    expect(clock.pending).toBe(0);
  });

  it('never fires what was cancelled, also by another that fires at the same time', async () => {
    const { clock, timers, fired, wait } = createRig();
    timers.setTimer(500, () => second.cancel());
    const second = wait(500, 'second');
    wait(500, 'third');
    const fourth = wait(750, 'fourth');
    await clock.advance(500);
    fourth.cancel();
    fourth.cancel();
    await clock.advance(10_000);
    expect(fired).toEqual(['third']);
    expect(clock.pending).toBe(0);
  });

  it('may be asked again by what fires', async () => {
    const { clock, timers } = createRig();
    let beats = 0;
    const beat = (): void => {
      beats += 1;
      timers.setTimer(1_000, beat);
    };
    timers.setTimer(1_000, beat);
    await clock.advance(10_000);
    expect(beats).toBe(10);
    expect(clock.pending).toBe(1);
  });

  it('is one wheel for each clock', () => {
    const clock = createFakeClock();
    expect(coarseTimers(clock)).toBe(coarseTimers(clock));
    expect(coarseTimers(clock)).not.toBe(coarseTimers(createFakeClock()));
  });
});
