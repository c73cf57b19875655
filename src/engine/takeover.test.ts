import { describe, expect, it } from 'vitest';
import { answerOf, bench, killable, lastStatus, puppet, until } from '../../test/support/engine.ts';
import { StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import type { Log } from '../log/log.ts';
import { placedEventOf } from './entries.ts';
import type { ModelPart } from './model.ts';
import type { Tool } from './tool.ts';

type Options = Parameters<typeof puppet>[0] & {
  readonly tools?: readonly Tool[];
  readonly budget?: { maxAttempts?: number; maxCostUsd?: number };
};

/** An engine whose process dies when the answer says `said`, and the next one on its log. */
async function cut({ tools, budget, ...model }: Options, said: ReadonlyArray<string | ModelPart>, dies: string) {
  const actor = puppet(model);
  const options = {
    models: [actor.model],
    ...(tools === undefined ? {} : { tools }),
    ...(budget === undefined ? {} : { budget }),
  };
  const { clock, log, start } = bench(options);
  const first = killable(log);
  const engine = start(first.log);
  const { id } = await engine.create({ model: 'test/puppet' });
  const { run } = await engine.send(id, { text: 'go' });
  actor.say(...said);
  await until(engine, id, (state) => JSON.stringify(state.messages).includes(dies));
  first.kill();
  /** Starts anew when the lease has run out, and so again each time that the answer says `dies`. */
  async function next() {
    await clock.advance(15_000);
    const through = killable(log);
    const another = start(through.log);
    await another.recover();
    return { engine: another, kill: through.kill };
  }
  return { actor, clock, log, id, run: run.id, next };
}

const eventsOf = async (log: Log, id: ConversationId) =>
  (await log.read(id, { after: 0 })).map((entry) => placedEventOf(entry).event);

describe('an answer that was cut', () => {
  it('[RUN-SEAM] [RUN-USAGE] goes on behind its text, and says where its seam is', async () => {
    const { actor, id, next } = await cut({ continuesPrefix: true }, ['half of it'], 'half of it');
    const { engine } = await next();
    await until(engine, id, ({ runs }) => runs[0]?.attempt === 2);
    expect(actor.requests[1]).toMatchObject({ prefix: 'half of it', messages: [{ role: 'user' }] });
    actor.say(', and the rest');
    actor.finish();
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(state.messages[1]?.parts).toEqual([{ type: 'text', text: 'half of it, and the rest' }]);
    expect(state.runs[0]).toMatchObject({ attempt: 2, seams: [{ part: 0, at: 10, attempt: 2 }] });
    // What the cut attempt took is estimated, what the provider told of the next is added.
    expect(state.runs[0]?.usage).toEqual({ inputTokens: 3, outputTokens: 8, isEstimated: true });
    await engine.close();
  });

  it('[RUN-RESTART] [CONV-RESET] is written anew, behind a reset, where the model cannot go on', async () => {
    const { actor, log, id, next } = await cut({}, ['half of it'], 'half of it');
    const { engine } = await next();
    await until(engine, id, ({ runs }) => runs[0]?.attempt === 2);
    expect(actor.requests[1]?.prefix).toBe('');
    actor.say('another');
    actor.finish();
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(answerOf(state)).toBe('another');
    expect(state.runs[0]?.seams).toBeUndefined();
    const types = (await eventsOf(log, id)).map(({ type }) => type);
    expect(types.slice(types.indexOf('part'))).toEqual(['part', 'reset', 'run', 'part', 'run']);
    await engine.close();
  });

  it('[RUN-RESTART] has no reset where nothing was written', async () => {
    const actor = puppet();
    const { clock, log, start } = bench({ models: [actor.model] });
    const first = killable(log);
    const engine = start(first.log);
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'go' });
    await until(engine, id, (state) => lastStatus(state) === 'running');
    first.kill();
    await clock.advance(15_000);
    const second = start();
    await second.recover();
    await until(second, id, ({ runs }) => runs[0]?.attempt === 2);
    expect((await eventsOf(log, id)).some(({ type }) => type === 'reset')).toBe(false);
    await second.close();
  });

  it('[RUN-RESTART] follows the policy of the server before that of the model', async () => {
    const actor = puppet({ continuesPrefix: true });
    const { clock, log, start } = bench({ models: [actor.model], takeover: () => 'interrupt' });
    const first = killable(log);
    const engine = start(first.log);
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'go' });
    actor.say('half');
    await until(engine, id, (state) => answerOf(state) === 'half');
    first.kill();
    await clock.advance(15_000);
    const second = start();
    await second.recover();
    expect(answerOf(await until(second, id, (state) => lastStatus(state) === 'interrupted'))).toBe('half');
    await second.close();
  });

  it('[RUN-BUDGET] is given up when its attempts are spent, with what had arrived', async () => {
    const { id, next } = await cut({ continuesPrefix: true, budget: { maxAttempts: 3 } }, ['half'], 'half');
    for (const attempt of [2, 3]) {
      const { engine, kill } = await next();
      await until(engine, id, ({ runs }) => runs[0]?.attempt === attempt);
      kill();
    }
    const { engine } = await next();
    const state = await until(engine, id, (current) => lastStatus(current) === 'failed');
    expect(state.runs[0]).toMatchObject({ attempt: 3, error: { code: 'takeover-limit' } });
    expect(answerOf(state)).toBe('half');
    await engine.close();
  });

  it('[RUN-BUDGET] is given up when it costs too much', async () => {
    const price = { inputUsd: 0, outputUsd: 1_000_000 };
    const options = { continuesPrefix: true, price, budget: { maxCostUsd: 4 } };
    const { actor, id, next } = await cut(options, ['twelve chars'], 'chars');
    const second = await next();
    const state = await until(second.engine, id, ({ runs }) => runs[0]?.attempt === 2);
    expect(state.runs[0]?.costUsd).toBe(3);
    actor.say(' and more');
    await until(second.engine, id, (current) => answerOf(current).endsWith('more'));
    second.kill();
    const third = await next();
    const ended = await until(third.engine, id, (current) => lastStatus(current) === 'failed');
    expect(ended.runs[0]?.error).toMatchObject({
      code: 'takeover-limit',
      message: expect.stringContaining('6.00') as string,
    });
    expect(ended.runs[0]?.costUsd).toBe(6);
    await third.engine.close();
  });

  it('[RUN-REATTACH] is found where its provider is at work, behind the last mark that was written', async () => {
    const said: ModelPart[] = [
      { type: 'started', id: 'resp_1' },
      { type: 'text', text: 'one', mark: '7' },
      { type: 'text', text: ' two', mark: '8' },
    ];
    const { actor, id, next } = await cut({ reattaches: true }, said, 'two');
    const { engine } = await next();
    await until(engine, id, ({ runs }) => runs[0]?.attempt === 2);
    expect(actor.requests[1]).toMatchObject({ reattach: { id: 'resp_1', mark: '8' }, prefix: '' });
    actor.say({ type: 'text', text: ' three', mark: '9', id: 'msg_1' });
    actor.finish();
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(state.messages[1]?.parts).toEqual([{ type: 'text', text: 'one two three' }]);
    await engine.close();
  });

  it('[RUN-REATTACH] is found there by the same process, when the connection broke', async () => {
    const actor = puppet({ reattaches: true });
    const { engine, clock } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'go' });
    const broken = new StreamError('model-failed', 'cut', { details: { isTransient: true } });
    actor.say({ type: 'started', id: 'resp_1' }, { type: 'text', text: 'one', mark: '7' }, broken);
    await clock.advance(10_000);
    expect(actor.requests[1]).toMatchObject({ reattach: { id: 'resp_1', mark: '7' } });
    actor.say({ type: 'text', text: ' two', mark: '8' });
    actor.finish();
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(answerOf(state)).toBe('one two');
    expect(state.runs[0]?.attempt).toBe(1);
  });

  it('[RUN-REATTACH] [RUN-RESTART] is written anew where its provider does not have it any more', async () => {
    const said: ModelPart[] = [
      { type: 'started', id: 'resp_1' },
      { type: 'text', text: 'half', mark: '7' },
    ];
    const { actor, id, next } = await cut({ reattaches: true }, said, 'half');
    const { engine } = await next();
    await until(engine, id, ({ runs }) => runs[0]?.attempt === 2);
    actor.say(new StreamError('model-failed', 'no such response', { details: { status: 404 } }));
    await until(engine, id, ({ runs }) => runs[0]?.attempt === 2 && runs[0].providerRun === undefined);
    actor.say('another');
    actor.finish();
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(answerOf(state)).toBe('another');
    expect(actor.requests[2]?.reattach).toBeUndefined();
    expect(state.runs[0]?.providerRun).toBeUndefined();
    await engine.close();
  });

  it('[RUN-REATTACH] is found behind the last mark of the run that its provider is at now', async () => {
    const said: ModelPart[] = [
      { type: 'started', id: 'resp_1' },
      { type: 'text', text: 'old', mark: '7' },
    ];
    const { actor, id, next } = await cut({ reattaches: true }, said, 'old');
    const second = await next();
    await until(second.engine, id, ({ runs }) => runs[0]?.attempt === 2);
    actor.say(new StreamError('model-failed', 'no such response', { details: { status: 404 } }));
    actor.say({ type: 'started', id: 'resp_2' });
    await until(second.engine, id, ({ runs }) => runs[0]?.providerRun === 'resp_2');
    second.kill();
    const third = await next();
    await until(third.engine, id, ({ runs }) => runs[0]?.attempt === 3);
    expect(actor.requests.at(-1)?.reattach).toEqual({ id: 'resp_2', mark: undefined });
    actor.say({ type: 'text', text: 'new', mark: '3' });
    actor.finish();
    const state = await until(third.engine, id, (current) => lastStatus(current) === 'done');
    expect(answerOf(state)).toBe('new');
    await third.engine.close();
  });

  it('[RUN-REATTACH] [RUN-USAGE] takes what its provider tells at its end, and nothing twice', async () => {
    const said: ModelPart[] = [
      { type: 'started', id: 'resp_1' },
      { type: 'text', text: 'half of it', mark: '7' },
    ];
    const { actor, id, next } = await cut({ reattaches: true }, said, 'half of it');
    const { engine } = await next();
    await until(engine, id, ({ runs }) => runs[0]?.attempt === 2);
    actor.finish();
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(state.runs[0]?.usage).toEqual({ inputTokens: 3, outputTokens: 5 });
    await engine.close();
  });

  it('[RUN-RESTART] keeps the steps that were over, and is asked for what follows them', async () => {
    const said: ModelPart[] = [
      { type: 'tool-call', id: 'c1', name: 'add', text: '{"a":1}', isRunByProvider: true },
      { type: 'part', part: { type: 'tool-result', call: 'c1', output: 2 } },
      { type: 'text', text: 'So it is' },
    ];
    const { actor, id, next } = await cut({}, said, 'So it is');
    const { engine } = await next();
    const state = await until(engine, id, ({ runs }) => runs[0]?.attempt === 2);
    expect(state.messages[1]?.parts.map(({ type }) => type)).toEqual(['tool-call', 'tool-result']);
    expect(actor.requests[1]?.messages.at(-1)).toMatchObject({
      role: 'assistant',
      parts: [{ id: 'c1' }, { output: 2 }],
    });
    await engine.close();
  });

  it('[RUN-RECALL] runs the tools again that were not known to have ended, under the same name', async () => {
    const calls: string[] = [];
    let answers = false;
    const slow: Tool = {
      name: 'slow',
      description: 'Takes its time.',
      inputSchema: { type: 'object' },
      execute: (_input, { call }) => {
        calls.push(call);
        return answers ? Promise.resolve('done') : new Promise(() => undefined);
      },
    };
    const actor = puppet();
    const { clock, log, start } = bench({ models: [actor.model], tools: [slow] });
    const first = killable(log);
    const engine = start(first.log);
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'go' });
    actor.say({ type: 'tool-call', id: 'c1', name: 'slow', text: '{}' });
    actor.finish('tool-calls');
    await until(engine, id, ({ runs }) => runs[0]?.isCalling === true);
    await clock.advance(1);
    first.kill();
    answers = true;
    await clock.advance(15_000);
    const second = start();
    await second.recover();
    await until(second, id, ({ messages }) => messages[1]?.parts.length === 2);
    actor.say('It is done.');
    actor.finish();
    const state = await until(second, id, (current) => lastStatus(current) === 'done');
    expect(calls).toEqual(['c1', 'c1']);
    expect(state.messages[1]?.parts).toMatchObject([
      { id: 'c1' },
      { call: 'c1', output: 'done' },
      { text: 'It is done.' },
    ]);
    await second.close();
  });
});

it('[RUN-TAKEOVER] runs are taken over while the server runs, when another process is gone', async () => {
  const { clock, log, start } = bench();
  const first = killable(log);
  const dying = start(first.log);
  const second = start();
  expect(await second.recover()).toBe(0);
  const { id } = await dying.create({ model: 'demo/echo' });
  await dying.send(id, { text: 'a b c d e f' });
  await clock.advance(60);
  first.kill();
  await clock.advance(30_000);
  const state = await second.load(id);
  expect(answerOf(state)).toBe('a b c d e f');
  expect(state.runs).toMatchObject([{ status: 'done', attempt: 2 }]);
  await second.close();
});

it('[RUN-LEASE] a message that a slow store takes is not taken for one that was never written', async () => {
  const { clock, log, start } = bench();
  const gate = Promise.withResolvers<void>();
  const engine = start({
    ...log,
    append: async (...args) => {
      if (args[1].some(({ type }) => type === 'message')) await gate.promise;
      return await log.append(...args);
    },
  });
  const other = start();
  await engine.recover();
  await other.recover();
  const { id } = await engine.create({ model: 'demo/echo' });
  const sending = engine.send(id, { text: 'slow' });
  await clock.advance(60_000);
  gate.resolve();
  await sending;
  await clock.advance(1_000);
  expect((await engine.load(id)).runs).toMatchObject([{ status: 'done', attempt: 1 }]);
  await engine.close();
  await other.close();
});

it('[RUN-LEASE] a message is not written whose run was taken for one that never was', async () => {
  const { clock, log, start } = bench();
  const gate = Promise.withResolvers<void>();
  const engine = start({
    ...log,
    append: async (...args) => {
      if (args[1].some(({ type }) => type === 'message')) await gate.promise;
      return await log.append(...args);
    },
    leases: { ...log.leases, renew: () => Promise.reject(new StreamError('store-unavailable', 'gone')) },
  });
  const other = start();
  await other.recover();
  const { id } = await engine.create({ model: 'demo/echo' });
  const sending = engine.send(id, { text: 'late' }).catch(({ code }: { code: string }) => code);
  await clock.advance(60_000);
  gate.resolve();
  expect(await sending).toBe('lease-lost');
  expect(await engine.load(id)).toMatchObject({ messages: [], runs: [] });
  expect(await log.leases.expired()).toEqual([]);
  await engine.close();
  await other.close();
});

it('[RUN-LEASE] a run whose lease was lost to nobody is driven on', async () => {
  const { clock, log, start } = bench();
  let isAway = false;
  const engine = start({
    ...log,
    leases: {
      ...log.leases,
      renew: async (...args) => {
        if (isAway) throw new StreamError('store-unavailable', 'gone');
        return await log.leases.renew(...args);
      },
    },
  });
  const { id } = await engine.create({ model: 'demo/echo' });
  const text = Array.from({ length: 2_000 }, () => 'word').join(' ');
  const { run } = await engine.send(id, { text });
  isAway = true;
  await clock.advance(16_000);
  const taken = await log.leases.acquire(`run:${run.id}`, { ttlMs: 1_000 });
  if (taken !== null) await log.leases.release(taken);
  isAway = false;
  await clock.advance(120_000);
  const state = await engine.load(id);
  expect(state.runs).toMatchObject([{ status: 'done', attempt: 2 }]);
  expect(answerOf(state)).toBe(text);
  await engine.close();
});

it('[RUN-LEASE] also while its model says nothing', async () => {
  const actor = puppet();
  const { clock, log, start } = bench({ models: [actor.model] });
  let isAway = false;
  const engine = start({
    ...log,
    leases: {
      ...log.leases,
      renew: async (...args) => {
        if (isAway) throw new StreamError('store-unavailable', 'gone');
        return await log.leases.renew(...args);
      },
    },
  });
  const { id } = await engine.create({ model: 'test/puppet' });
  const { run } = await engine.send(id, { text: 'go' });
  isAway = true;
  await clock.advance(16_000);
  const taken = await log.leases.acquire(`run:${run.id}`, { ttlMs: 1_000 });
  if (taken !== null) await log.leases.release(taken);
  isAway = false;
  await clock.advance(6_000);
  actor.say('at last');
  actor.finish();
  const state = await until(engine, id, (current) => lastStatus(current) === 'done');
  expect(answerOf(state)).toBe('at last');
  expect(state.runs[0]?.attempt).toBe(2);
  await engine.close();
});

it('[RUN-TAKEOVER] a run that cannot be read is said once, and does not keep the others', async () => {
  const { clock, log, start, events } = bench();
  const lease = await log.leases.acquire('run:r_00000000000000000000_000000000000', { ttlMs: 0 });
  expect(lease).not.toBeNull();
  const beyond = { message: 'm_00000000000000000000', part: 0, at: 5, text: 'x' };
  await log.append('c_00000000000000000000', [{ type: 'delta', data: JSON.stringify(beyond) }]);
  const engine = start();
  await engine.recover();
  const { id } = await engine.create({ model: 'demo/echo' });
  await engine.send(id, { text: 'a' });
  await clock.advance(60_000);
  expect(lastStatus(await engine.load(id))).toBe('done');
  expect(events.filter(({ type }) => type === 'background-failed')).toHaveLength(1);
  await engine.close();
});
