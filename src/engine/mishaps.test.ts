// What goes wrong around the engine: a store that fails for a moment, answers that get lost, a
// close in the middle, a configuration that changes, one damaged conversation among others.
import { describe, expect, it } from 'vitest';
import { StreamError } from '../core/errors.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import type { Log } from '../log/log.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import type { TelemetryEvent } from '../core/telemetry.ts';
import { createEngine } from './engine.ts';
import type { Model } from './model.ts';
import { createCatalogue } from './models/catalogue.ts';
import { createDemoModels } from './models/demo.ts';

function bench() {
  const clock = createFakeClock();
  const random = createSeededRandom(11);
  const log = createMemoryLog({ clock, random });
  const events: TelemetryEvent[] = [];
  const start = (through: Log = log, extra: readonly Model[] = []) =>
    createEngine(
      { log: through, models: createCatalogue([...createDemoModels({ clock }), ...extra]) },
      { clock, random, telemetry: (event) => void events.push(event) },
    );
  return { clock, log, events, start };
}

const unavailable = (): StreamError => new StreamError('store-unavailable', 'gone for a moment');
const statuses = async (engine: ReturnType<ReturnType<typeof bench>['start']>, id: Parameters<typeof engine.load>[0]) =>
  (await engine.load(id)).runs.map(({ status }) => status);

describe('a store that fails for a moment', () => {
  it('does not leave a run hanging whose driver could not read', async () => {
    const { clock, log, start } = bench();
    let failing = false;
    const engine = start({
      ...log,
      read: async (...args) => {
        if (failing) throw unavailable();
        return await log.read(...args);
      },
    });
    const { id } = await engine.create({ model: 'demo/echo' });
    await engine.send(id, { text: 'first' });
    await engine.send(id, { text: 'second' });
    await clock.advance(20);
    failing = true;
    await clock.advance(3_000);
    failing = false;
    await clock.advance(3_000);
    expect(await statuses(engine, id)).toEqual(['done', 'done']);
  });

  it('drives a message on that was written though its answer was lost, when it is sent again', async () => {
    const { clock, log, start } = bench();
    let losing = true;
    const engine = start({
      ...log,
      append: async (...args) => {
        const result = await log.append(...args);
        if (losing && args[1].some(({ type }) => type === 'message')) throw unavailable();
        return result;
      },
    });
    const { id } = await engine.create({ model: 'demo/echo' });
    await expect(engine.send(id, { text: 'hello' }, { key: 'k' })).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await statuses(engine, id)).toEqual(['queued']);
    losing = false;
    const sent = await engine.send(id, { text: 'hello' }, { key: 'k' });
    await clock.advance(1_000);
    expect((await engine.load(id)).runs).toMatchObject([{ id: sent.run.id, status: 'done' }]);
  });

  it('or by the next start, where nobody sends it again', async () => {
    const { clock, log, start } = bench();
    const engine = start({
      ...log,
      append: async (...args) => {
        const result = await log.append(...args);
        if (args[1].some(({ type }) => type === 'message')) throw unavailable();
        return result;
      },
    });
    const { id } = await engine.create({ model: 'demo/echo' });
    await expect(engine.send(id, { text: 'hello' })).rejects.toMatchObject({ code: 'store-unavailable' });
    const next = start();
    expect(await next.recover()).toBe(1);
    await clock.advance(1_000);
    expect(await statuses(next, id)).toEqual(['done']);
  });
});

it('a run that the server itself fails at ends as failed, with its text, and the next has its turn', async () => {
  const { clock, log, start } = bench();
  let broken = true;
  const engine = start({
    ...log,
    append: async (...args) => {
      if (broken && args[1][0]?.data.includes('"done"') === true) throw new TypeError('a mistake in the code');
      return await log.append(...args);
    },
  });
  const { id } = await engine.create({ model: 'demo/echo' });
  await engine.send(id, { text: 'first' });
  await clock.advance(1_000);
  broken = false;
  await engine.send(id, { text: 'second' });
  await clock.advance(1_000);
  const { runs, messages } = await engine.load(id);
  expect(runs.map(({ status }) => status)).toEqual(['failed', 'done']);
  expect(runs[0]?.error?.code).toBe('internal-error');
  expect(messages[1]?.parts[0]).toHaveProperty('text', 'first');
});

it('[RUN-FAIL] what a model throws that says nothing of itself is for the operator alone', async () => {
  const { clock, start, events } = bench();
  const leaking: Model = {
    id: 'test/leaking',
    name: 'Leaking',
    demo: false,
    continuesPrefix: false,
    // oxlint-disable-next-line require-yield -- It fails before its first piece.
    async *stream() {
      await Promise.resolve();
      throw new Error('401 for key sk-secret');
    },
  };
  const engine = start(undefined, [leaking]);
  const { id } = await engine.create({ model: 'test/leaking' });
  await engine.send(id, { text: 'hello' });
  await clock.advance(1_000);
  const { runs } = await engine.load(id);
  expect(runs).toMatchObject([{ status: 'failed', error: { code: 'internal-error' } }]);
  expect(JSON.stringify(runs)).not.toContain('secret');
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'background-failed', error: new Error('401 for key sk-secret') }),
  );
});

it('a stop that comes as the run ends leaves it as it ended', async () => {
  const { clock, log, start } = bench();
  const gate = Promise.withResolvers<void>();
  const engine = start({
    ...log,
    append: async (...args) => {
      const result = await log.append(...args);
      // The end is in the log, and its driver does not know yet.
      if (args[1][0]?.data.includes('"done"') === true) await gate.promise;
      return result;
    },
  });
  const { id } = await engine.create({ model: 'demo/echo' });
  const { run } = await engine.send(id, { text: 'a b c' });
  await clock.advance(1_000);
  const stopping = engine.stop(run.id);
  await clock.advance(1_000);
  gate.resolve();
  expect(await stopping).toMatchObject({ status: 'done' });
  expect(await statuses(engine, id)).toEqual(['done']);
});

describe('a repeat with the same key', () => {
  const passing: Model = {
    id: 'test/passing',
    name: 'Passing',
    demo: false,
    continuesPrefix: false,
    async *stream() {
      yield { type: 'text', text: 'x' };
    },
  };

  it('gets the first result also where its model is not there any more', async () => {
    const { clock, log, start } = bench();
    const first = start(log, [passing]);
    const created = await first.create({ model: 'test/passing' }, { key: 'c' });
    const sent = await first.send(created.id, { text: 'hello' }, { key: 'm' });
    await clock.advance(100);
    const second = start();
    expect((await second.create({ model: 'test/passing' }, { key: 'c' })).id).toBe(created.id);
    expect(await second.send(created.id, { text: 'hello' }, { key: 'm' })).toEqual(sent);
  });

  it('may use any word as its key, and no other request’s', async () => {
    const { start } = bench();
    const engine = start();
    const { id } = await engine.create({ model: 'demo/echo' }, { key: 'create' });
    await engine.send(id, { text: 'hello' }, { key: 'create' });
    await expect(engine.create({ title: 'other' }, { key: 'create' })).rejects.toMatchObject({
      code: 'idempotency-key-reused',
    });
    await engine.close();
  });
});

describe('a close', () => {
  it('takes no message any more, and leaves nothing that the next owner would miss', async () => {
    const { clock, log, start } = bench();
    const engine = start();
    const { id } = await engine.create({ model: 'demo/echo' });
    const sending = engine.send(id, { text: 'just in time' });
    const closing = engine.close();
    await Promise.allSettled([sending, closing]);
    const tooLate = [engine.send(id, { text: 'too late' }), engine.create({}), engine.delete(id)];
    for (const call of tooLate) await expect(call).rejects.toMatchObject({ code: 'shutting-down' });
    const next = start();
    await next.recover();
    await clock.advance(2_000);
    const { runs } = await next.load(id);
    expect(runs.every(({ status }) => status === 'done')).toBe(true);
    expect(await log.leases.expired()).toEqual([]);
  });
});

describe('a start', () => {
  it('goes on with every other answer where one conversation is damaged, and says which', async () => {
    const { clock, log, events, start } = bench();
    const first = start();
    const [bad, good] = [await first.create({ model: 'demo/tour' }), await first.create({ model: 'demo/echo' })];
    const { run, answer } = await first.send(bad.id, { text: 'x' });
    await first.send(good.id, { text: 'a b c' });
    await first.close();
    const data = JSON.stringify({ message: answer.id, part: 0, at: 9_999, text: 'torn' });
    await log.append(bad.id, [{ type: 'delta', data }]);
    const next = start();
    expect(await next.recover()).toBe(1);
    await clock.advance(2_000);
    expect(await statuses(next, good.id)).toEqual(['done']);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'background-failed', task: `takeover of ${run.id}` }),
    );
  });
});

it('a title is never cut inside a character', async () => {
  const { start } = bench();
  const engine = start();
  const { id } = await engine.create({ model: 'demo/echo' });
  await engine.send(id, { text: `a${'👋'.repeat(80)}` });
  const { title } = await engine.load(id);
  expect(title.isWellFormed()).toBe(true);
  expect(title).toBe(`a${'👋'.repeat(29)}…`);
  await engine.close();
});
