import { expect, it, vi } from 'vitest';
import { createTaskGroup } from './task-group.ts';

/** A promise that the test settles. */
function createGate() {
  return Promise.withResolvers<undefined>();
}

it('close aborts every task with its reason and resolves when all have ended', async () => {
  const group = createTaskGroup(() => undefined);
  const gates = [createGate(), createGate()];
  const reasons: unknown[] = [];
  for (const gate of gates) {
    group.start(async (signal) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      await gate.promise;
    });
  }
  let closed = false;
  const closing = group.close('over').then(() => {
    closed = true;
  });
  expect(reasons).toEqual(['over', 'over']);
  gates[0]?.resolve(undefined);
  await gates[0]?.promise;
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  expect(closed).toBe(false);
  gates[1]?.resolve(undefined);
  await closing;
});

it('a failure is reported, and does not touch the other tasks', async () => {
  const reported = Promise.withResolvers<unknown>();
  const group = createTaskGroup(reported.resolve);
  const gate = createGate();
  let othersSignal: AbortSignal | undefined;
  group.start(async (signal) => {
    othersSignal = signal;
    await gate.promise;
  });
  const reason = new Error('failed');
  group.start(async () => {
    throw reason;
  });
  expect(await reported.promise).toBe(reason);
  expect(othersSignal?.aborted).toBe(false);
  gate.resolve(undefined);
  await group.close();
});

it('a task that throws before its first wait is reported, not thrown at its starter', async () => {
  const onError = vi.fn();
  const group = createTaskGroup(onError);
  const reason = new Error('at once');
  expect(() =>
    group.start(() => {
      throw reason;
    }),
  ).not.toThrow();
  await group.close();
  expect(onError.mock.calls).toEqual([[reason]]);
});

it('what a task throws because the group closes is not reported', async () => {
  const onError = vi.fn();
  const group = createTaskGroup(onError);
  group.start(async (signal) => {
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  await group.close();
  expect(onError).not.toHaveBeenCalled();
});

it('nothing starts after close, and close may be called again', async () => {
  const group = createTaskGroup(() => undefined);
  await group.close();
  const task = vi.fn(async () => undefined);
  group.start(task);
  await group.close();
  expect(task).not.toHaveBeenCalled();
});
