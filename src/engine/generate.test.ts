import { describe, expect, it } from 'vitest';
import { answerOf, bench, lastStatus, puppet, until } from '../../test/support/engine.ts';
import { StreamError } from '../core/errors.ts';
import type { Model } from './model.ts';

const failed = (details: Record<string, unknown>) => new StreamError('model-failed', 'Too busy', { details });

/** A model that fails so often before it answers. */
function failing(times: number, details: Record<string, unknown> = { isTransient: true }) {
  const askedAtMs: number[] = [];
  let clock: { now(): number } | undefined;
  const model: Model = {
    id: 'test/failing',
    name: 'Failing',
    demo: false,
    continuesPrefix: false,
    async *stream() {
      askedAtMs.push(clock?.now() ?? 0);
      await Promise.resolve();
      if (askedAtMs.length <= times) throw failed(details);
      yield { type: 'text', text: 'at last' };
      yield { type: 'finish', reason: 'stop' };
    },
  };
  return { model, askedAtMs, use: (given: { now(): number }) => (clock = given) };
}

async function ask(model: Model, use?: (clock: { now(): number }) => void) {
  const { engine, clock } = bench({ models: [model] });
  use?.(clock);
  const { id } = await engine.create({ model: model.id });
  const { run } = await engine.send(id, { text: 'go' });
  return { engine, clock, id, run: run.id };
}

describe('a model that fails in passing', () => {
  it('[RUN-RETRY] is asked again, later each time, until it answers', async () => {
    const { model, askedAtMs, use } = failing(3);
    const { engine, clock, id } = await ask(model, use);
    await clock.advance(60_000);
    expect(answerOf(await engine.load(id))).toBe('at last');
    expect(askedAtMs).toHaveLength(4);
  });

  it('[RUN-RETRY] is not asked for ever, and its reason is told', async () => {
    const { model, askedAtMs } = failing(99);
    const { engine, clock, id } = await ask(model);
    await clock.advance(60_000);
    expect((await engine.load(id)).runs[0]).toMatchObject({
      status: 'failed',
      error: { code: 'model-failed', message: 'Too busy' },
    });
    expect(askedAtMs).toHaveLength(4);
  });

  it('[RUN-RETRY] is given the time that it asks for, and told of where that is too long', async () => {
    const patient = failing(1, { isTransient: true, retryAfterMs: 20_000 });
    const waiting = await ask(patient.model, patient.use);
    await waiting.clock.advance(60_000);
    const [first = 0, second = 0] = patient.askedAtMs;
    expect(second - first).toBeGreaterThanOrEqual(20_000);
    const long = failing(1, { isTransient: true, retryAfterMs: 3_600_000 });
    const { engine, clock, id } = await ask(long.model);
    await clock.advance(1_000);
    expect(lastStatus(await engine.load(id))).toBe('failed');
  });

  it('[RUN-RETRY] is not asked again where that is of no use, nor when a word of it was written', async () => {
    const lasting = failing(1, { isTransient: false });
    const { engine, clock, id } = await ask(lasting.model);
    await clock.advance(60_000);
    expect(lastStatus(await engine.load(id))).toBe('failed');
    const actor = puppet();
    const writing = await ask(actor.model);
    actor.say('half', failed({ isTransient: true }));
    await writing.clock.advance(60_000);
    const state = await writing.engine.load(writing.id);
    expect([lastStatus(state), answerOf(state), actor.requests.length]).toEqual(['failed', 'half', 1]);
  });

  it('[RUN-STOP] can be stopped while it is waited for', async () => {
    const { model } = failing(99, { isTransient: true, retryAfterMs: 50_000 });
    const { engine, clock, run } = await ask(model);
    await clock.advance(1_000);
    expect(await engine.stop(run)).toMatchObject({ status: 'stopped' });
    expect(clock.pending).toBe(0);
  });
});

describe('a model that says nothing', () => {
  it('[RUN-SILENCE] is given up after its time, before the first piece and between two, also where it hears nothing', async () => {
    for (const said of [[], ['half']]) {
      const actor = puppet({ deaf: true });
      const { engine, clock, id } = await ask(actor.model);
      actor.say(...said);
      await clock.advance(100_000);
      expect(lastStatus(await engine.load(id))).toBe('running');
      await clock.advance(200_000);
      const { runs } = await engine.load(id);
      expect(runs[0]).toMatchObject({ status: 'failed', error: { code: 'model-timeout' } });
      expect(actor.requests[0]?.signal.aborted).toBe(true);
      expect(clock.pending).toBe(0);
    }
  });

  it('[RUN-SILENCE] is given up before the first piece also where its provider has begun', async () => {
    const actor = puppet();
    const { engine, clock, id } = await ask(actor.model);
    actor.say({ type: 'started', id: 'resp_1' });
    await clock.advance(299_000);
    expect(lastStatus(await engine.load(id))).toBe('running');
    await clock.advance(2_000);
    expect((await engine.load(id)).runs[0]).toMatchObject({ status: 'failed', error: { code: 'model-timeout' } });
  });

  it('[RUN-SILENCE] [RUN-PRESSURE] is not given up for a store that takes nothing', async () => {
    let asked = 0;
    const model: Model = {
      id: 'test/large',
      name: 'Large',
      demo: false,
      continuesPrefix: false,
      async *stream() {
        await Promise.resolve();
        for (let piece = 0; piece < 4; piece += 1) {
          asked += 1;
          yield { type: 'text', text: 'x'.repeat(70_000) };
        }
        yield { type: 'finish', reason: 'stop' };
      },
    };
    const inner = bench({ models: [model] });
    const gate = Promise.withResolvers<void>();
    const engine = inner.start({
      ...inner.log,
      append: async (...args) => {
        if (args[1].some(({ type }) => type === 'part' || type === 'delta')) await gate.promise;
        return await inner.log.append(...args);
      },
    });
    const { id } = await engine.create({ model: 'test/large' });
    await engine.send(id, { text: 'go' });
    await inner.clock.advance(3_600_000);
    expect(asked).toBeLessThan(4);
    gate.resolve();
    await inner.clock.advance(1_000);
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect([lastStatus(state), answerOf(state).length]).toEqual(['done', 280_000]);
  });
});
