import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from './clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('calls once, after the time', () => {
  const callback = vi.fn();
  systemClock.setTimer(50, callback);
  vi.advanceTimersByTime(49);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(callback).toHaveBeenCalledTimes(1);
});

it.each([1e10, 2 ** 31, 5 * (2 ** 31 - 1) + 7])('waits for %d ms, which is more than one timer can hold', (ms) => {
  const callback = vi.fn();
  systemClock.setTimer(ms, callback);
  vi.advanceTimersByTime(ms - 1);
  expect(callback).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(callback).toHaveBeenCalledTimes(1);
});

it('never calls after an infinite time, nor at once', () => {
  const callback = vi.fn();
  const timer = systemClock.setTimer(Infinity, callback);
  vi.advanceTimersByTime(1e11);
  expect(callback).not.toHaveBeenCalled();
  timer.cancel();
  expect(vi.getTimerCount()).toBe(0);
});

it('can be cancelled in any part of a long wait, more than once', () => {
  const callback = vi.fn();
  const timer = systemClock.setTimer(1e10, callback);
  vi.advanceTimersByTime(6e9);
  timer.cancel();
  timer.cancel();
  vi.advanceTimersByTime(1e10);
  expect(callback).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

it('sleeps until the time has come', async () => {
  let awake = false;
  const sleeping = systemClock.sleep(50).then(() => {
    awake = true;
  });
  await vi.advanceTimersByTimeAsync(49);
  expect(awake).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await sleeping;
  expect(awake).toBe(true);
});
