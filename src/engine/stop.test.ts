import { describe, expect, it } from 'vitest';
import { answerOf, bench, killable, lastStatus, puppet, until } from '../../test/support/engine.ts';
import { textOf } from '../conversation/message.ts';
import { entryOf, placedEventOf } from './entries.ts';

async function writing(options: Parameters<typeof puppet>[0] = {}) {
  const actor = puppet(options);
  const { engine, log, clock, start } = bench({ models: [actor.model] });
  const { id } = await engine.create({ model: 'test/puppet' });
  const { run } = await engine.send(id, { text: 'go' });
  return { actor, engine, log, clock, start, id, run: run.id };
}

describe('a stop', () => {
  it('[RUN-STOP] is in the log, before the end of the run, and the model is told at once', async () => {
    const { actor, engine, log, id, run } = await writing();
    actor.say('some');
    await until(engine, id, (state) => answerOf(state) === 'some');
    expect(await engine.stop(run)).toMatchObject({ status: 'stopped' });
    expect(actor.requests[0]?.signal.aborted).toBe(true);
    const events = (await log.read(id, { after: 0 })).map((entry) => placedEventOf(entry).event.type);
    expect(events.slice(-2)).toEqual(['stop', 'run']);
    const again = await log.head(id);
    await engine.stop(run, { seen: 1 });
    expect(await log.head(id)).toBe(again);
  });

  it('[RUN-STOP] [RUN-USAGE] keeps what came, with an estimate of what it took that says so', async () => {
    const { actor, engine, id, run } = await writing();
    actor.say('four words of text', ' and more');
    await until(engine, id, (state) => answerOf(state).endsWith('more'));
    const { usage } = await engine.stop(run);
    expect(usage).toEqual({ inputTokens: 1, outputTokens: 7, isEstimated: true });
  });

  it('[RUN-STOP-SEEN] cuts the answer behind what the person had seen', async () => {
    const { actor, engine, id, run } = await writing();
    actor.say('seen, ');
    const seen = await until(engine, id, (state) => answerOf(state) === 'seen, ');
    actor.say('not seen');
    await until(engine, id, (state) => answerOf(state) === 'seen, not seen');
    await engine.stop(run, { seen: seen.offset });
    const state = await engine.load(id);
    expect(answerOf(state)).toBe('seen, ');
    expect(state.runs[0]?.stop).toBeUndefined();
  });

  it('[RUN-STOP-SEEN] cuts whole parts, and nothing where all was seen or the place is none', async () => {
    for (const behind of [0, 10, 10_000_000]) {
      const { actor, engine, id, run } = await writing();
      actor.say({ type: 'reasoning', text: 'hm' });
      const seen = await until(engine, id, ({ messages }) => messages[1]?.parts.length === 1);
      actor.say('said');
      await until(engine, id, (state) => answerOf(state) === 'said');
      await engine.stop(run, { seen: behind === 0 ? seen.offset : seen.offset + behind });
      const { messages } = await engine.load(id);
      expect(messages[1]?.parts.map(({ type }) => type)).toEqual(behind === 0 ? ['reasoning'] : ['reasoning', 'text']);
    }
  });

  it('[RUN-STOP] before the first token, and before the turn, leaves an empty answer', async () => {
    const { engine, id, run } = await writing({ deaf: true });
    const second = await engine.send(id, { text: 'behind' });
    await until(engine, id, ({ runs }) => runs[0]?.status === 'running');
    expect(await engine.stop(second.run.id)).toMatchObject({ status: 'stopped' });
    expect(await engine.stop(run)).toMatchObject({ status: 'stopped' });
    const { messages } = await engine.load(id);
    expect(messages.map(textOf)).toEqual(['go', '', 'behind', '']);
  });

  it('[RUN-STOP] [RUN-STOP-SEEN] of many at once is one: the first counts', async () => {
    const { actor, engine, id, run } = await writing();
    actor.say('one');
    const seen = await until(engine, id, (state) => answerOf(state) === 'one');
    actor.say(' two');
    await until(engine, id, (state) => answerOf(state) === 'one two');
    const stops = [engine.stop(run, { seen: seen.offset }), engine.stop(run), engine.stop(run, { seen: 1 })];
    for (const stopped of await Promise.all(stops)) expect(stopped.status).toBe('stopped');
    expect(answerOf(await engine.load(id))).toBe('one');
  });

  it('[RUN-STOP] [RUN-STOP-SEEN] of a run whose process died ends it, whoever comes first', async () => {
    for (const stopFirst of [true, false]) {
      const actor = puppet({ continuesPrefix: true });
      const { clock, log, start } = bench({ models: [actor.model] });
      const first = killable(log);
      const engine = start(first.log);
      const { id } = await engine.create({ model: 'test/puppet' });
      const { run } = await engine.send(id, { text: 'go' });
      actor.say('half');
      const seen = await until(engine, id, (state) => answerOf(state) === 'half');
      actor.say(' more');
      await until(engine, id, (state) => answerOf(state) === 'half more');
      first.kill();
      const second = start();
      if (!stopFirst) await clock.advance(15_000);
      // Where the lease has not run out, the stop is in the log, and waits for it.
      const stopping = second.stop(run.id, { seen: seen.offset });
      await clock.advance(15_000);
      expect(await stopping).toMatchObject({ status: 'stopped' });
      await second.recover();
      const state = await until(second, id, (current) => lastStatus(current) === 'stopped');
      expect(answerOf(state)).toBe('half');
      expect(actor.requests).toHaveLength(1);
      expect(await log.leases.expired()).toEqual([]);
      await second.close();
    }
  });

  it('[RUN-STOP-SEEN] that a process died of before it ended the run counts, and no later one', async () => {
    const actor = puppet({ continuesPrefix: true });
    const { clock, log, start } = bench({ models: [actor.model] });
    const first = killable(log);
    const engine = start(first.log);
    const { id } = await engine.create({ model: 'test/puppet' });
    const { run } = await engine.send(id, { text: 'go' });
    actor.say('half');
    const { offset } = await until(engine, id, (state) => answerOf(state) === 'half');
    actor.say(' more');
    await until(engine, id, (state) => answerOf(state) === 'half more');
    first.kill();
    await log.append(id, [entryOf({ type: 'stop', run: run.id, seen: offset })], { key: `stop:${run.id}` });
    const second = start();
    const stopping = second.stop(run.id, { seen: 1 });
    await clock.advance(15_000);
    expect(await stopping).toMatchObject({ status: 'stopped', usage: { outputTokens: 3, isEstimated: true } });
    expect(answerOf(await second.load(id))).toBe('half');
    await second.close();
  });

  it('[RUN-STOP] of another process is found in the log by the one that drives the run', async () => {
    const { actor, engine, clock, start, id, run } = await writing();
    actor.say('half');
    await until(engine, id, (state) => answerOf(state) === 'half');
    const other = start();
    const stopping = other.stop(run);
    await clock.advance(5_100);
    expect(await stopping).toMatchObject({ status: 'stopped' });
    expect(actor.requests[0]?.signal.aborted).toBe(true);
    await engine.close();
    await other.close();
  });

  it('[RUN-STOP] is refused where nobody comes to end the run, and is in the log for whoever does', async () => {
    const { clock, log, start } = bench();
    const first = killable(log);
    const engine = start(first.log);
    const { id } = await engine.create({ model: 'demo/tour' });
    const { run } = await engine.send(id, { text: 'go' });
    await until(engine, id, (state) => lastStatus(state) === 'running');
    first.kill();
    const other = start({ ...log, leases: { ...log.leases, acquire: () => Promise.resolve(null) } });
    const stopping = other.stop(run.id).catch(({ code }: { code: string }) => code);
    await clock.advance(31_000);
    expect(await stopping).toBe('lease-lost');
    const last = start();
    await last.recover();
    expect(lastStatus(await until(last, id, (state) => lastStatus(state) === 'stopped'))).toBe('stopped');
    await last.close();
  });

  it('[RUN-STOP] that comes while a slow store takes the end of the answer is before it', async () => {
    const actor = puppet();
    const { clock, log, start } = bench({ models: [actor.model] });
    const gate = Promise.withResolvers<void>();
    const engine = start({
      ...log,
      append: async (...args) => {
        if (args[1].some(({ type }) => type === 'part')) await gate.promise;
        return await log.append(...args);
      },
    });
    const { id } = await engine.create({ model: 'test/puppet' });
    const { run } = await engine.send(id, { text: 'go' });
    actor.say('all of it');
    actor.finish();
    await clock.advance(1_000);
    const stopping = engine.stop(run.id);
    await clock.advance(1_000);
    gate.resolve();
    expect(await stopping).toMatchObject({ status: 'stopped', usage: { outputTokens: 5 } });
    expect(answerOf(await engine.load(id))).toBe('all of it');
  });

  it('[RUN-STOP] does not wait for a store that is slow to read', async () => {
    const actor = puppet();
    const { clock, log, start } = bench({ models: [actor.model] });
    let gate = Promise.resolve();
    const engine = start({
      ...log,
      read: async (...args) => {
        await gate;
        return await log.read(...args);
      },
    });
    const { id } = await engine.create({ model: 'test/puppet' });
    const { run } = await engine.send(id, { text: 'go' });
    await clock.advance(1);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const stopping = engine.stop(run.id);
    await clock.advance(1);
    expect(actor.requests[0]?.signal.aborted).toBe(true);
    resolve();
    expect(await stopping).toMatchObject({ status: 'stopped' });
  });

  it('[RUN-STOP] ends the model also while the store is away, and is durable when that is back', async () => {
    const actor = puppet();
    const { clock, log, start } = bench({ models: [actor.model] });
    let away = false;
    const engine = start({
      ...log,
      append: async (...args) => {
        if (away) throw new (await import('../core/errors.ts')).StreamError('store-unavailable', 'no room');
        return await log.append(...args);
      },
    });
    const { id } = await engine.create({ model: 'test/puppet' });
    const { run } = await engine.send(id, { text: 'go' });
    actor.say('some');
    const { offset } = await until(engine, id, (state) => answerOf(state) === 'some');
    actor.say(' more');
    await until(engine, id, (state) => answerOf(state) === 'some more');
    away = true;
    const stopped = engine.stop(run.id, { seen: offset }).catch((error: { code: string }) => error.code);
    await clock.advance(2_000);
    expect(actor.requests[0]?.signal.aborted).toBe(true);
    away = false;
    await clock.advance(2_000);
    expect(await stopped).toBe('store-unavailable');
    const state = await engine.load(id);
    expect([lastStatus(state), answerOf(state)]).toEqual(['stopped', 'some']);
    const types = (await log.read(id, { after: 0 })).map((entry) => placedEventOf(entry).event.type);
    expect(types.slice(-3)).toEqual(['stop', 'reset', 'run']);
  });
});
