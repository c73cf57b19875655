import { describe, expect, it, vi } from 'vitest';
import { createFakeClock } from '../testing/fake-clock.ts';
import { abortable } from './abort.ts';

/** A wait under the test's hand, which counts starts and clean-ups. */
function createWait() {
  let settle: { resolve: (value: string) => void; reject: (reason: unknown) => void } | undefined;
  const cleanUp = vi.fn();
  const start = vi.fn((resolve: (value: string) => void, reject: (reason: unknown) => void) => {
    settle = { resolve, reject };
    return cleanUp;
  });
  return {
    start,
    cleanUp,
    resolve: (value: string) => settle?.resolve(value),
    reject: (reason: unknown) => settle?.reject(reason),
  };
}

function createSignal() {
  const controller = new AbortController();
  const added = vi.spyOn(controller.signal, 'addEventListener');
  const removed = vi.spyOn(controller.signal, 'removeEventListener');
  return {
    controller,
    signal: controller.signal,
    /** Expects every listener that was added to have been removed. */
    expectClean() {
      expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
        added.mock.calls.map(([, listener]) => listener),
      );
    },
  };
}

describe('abortable', () => {
  it('gives what it waits for, cleans up once and leaves no listener', async () => {
    const wait = createWait();
    const { controller, signal, expectClean } = createSignal();
    const promise = abortable(signal, wait.start);
    wait.resolve('done');
    expect(await promise).toBe('done');
    controller.abort();
    expect(wait.cleanUp).toHaveBeenCalledTimes(1);
    expectClean();
  });

  it('passes a failure on, cleans up once and leaves no listener', async () => {
    const wait = createWait();
    const { signal, expectClean } = createSignal();
    const promise = abortable(signal, wait.start);
    const reason = new Error('failed');
    wait.reject(reason);
    await expect(promise).rejects.toBe(reason);
    expect(wait.cleanUp).toHaveBeenCalledTimes(1);
    expectClean();
  });

  it('rejects with the signal’s reason as it is, cleans up once and leaves no listener', async () => {
    const wait = createWait();
    const { controller, signal, expectClean } = createSignal();
    const promise = abortable(signal, wait.start);
    const reason = { any: 'value' };
    controller.abort(reason);
    wait.resolve('too late');
    await expect(promise).rejects.toBe(reason);
    expect(wait.cleanUp).toHaveBeenCalledTimes(1);
    expectClean();
  });

  it('does not start where the signal has aborted', async () => {
    const wait = createWait();
    const reason = new Error('before');
    await expect(abortable(AbortSignal.abort(reason), wait.start)).rejects.toBe(reason);
    expect(wait.start).not.toHaveBeenCalled();
  });

  it('cleans up where the start settles at once', async () => {
    const cleanUp = vi.fn();
    const promise = abortable<number>(undefined, (resolve) => {
      resolve(1);
      return cleanUp;
    });
    expect(await promise).toBe(1);
    expect(cleanUp).toHaveBeenCalledTimes(1);
  });

  it('leaves no listener where the start throws', async () => {
    const { signal, expectClean } = createSignal();
    const failing = abortable(signal, () => {
      throw new Error('cannot start');
    });
    await expect(failing).rejects.toThrow('cannot start');
    expectClean();
  });
});

describe('sleep', () => {
  it('that is aborted leaves no timer', async () => {
    const clock = createFakeClock();
    const { controller, signal, expectClean } = createSignal();
    const sleeping = clock.sleep(1_000, { signal });
    expect(clock.pending).toBe(1);
    controller.abort('enough');
    await expect(sleeping).rejects.toBe('enough');
    expect(clock.pending).toBe(0);
    expectClean();
  });
});
