import { describe, expect, it } from 'vitest';
import { answerOf, bench, killable, lastStatus, puppet, until } from '../../test/support/engine.ts';
import { StreamError } from '../core/errors.ts';
import type { PlacedEvent } from '../conversation/event.ts';
import { textOf } from '../conversation/message.ts';
import { reduce } from '../conversation/reduce.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import type { Log } from '../log/log.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createEngine } from './engine.ts';
import type { Model } from './model.ts';
import { createCatalogue } from './models/catalogue.ts';
import { createDemoModels } from './models/demo.ts';

describe('a message', () => {
  it('starts a run that writes the model’s exact text, whether anyone looks or not', async () => {
    const { engine, clock, log } = bench();
    const { id } = await engine.create({});
    const sent = await engine.send(id, { text: 'one  two\nthree 🧑‍🚀 end ', model: 'demo/echo' });
    expect(sent.run.status).toBe('queued');
    await clock.advance(1_000);
    const state = await engine.load(id);
    expect(answerOf(state)).toBe('one  two\nthree 🧑‍🚀 end ');
    expect(state.runs).toMatchObject([{ id: sent.run.id, status: 'done', finishReason: 'stop', attempt: 1 }]);
    expect(state.messages.map(({ role, status }) => `${role} ${status}`)).toEqual(['user done', 'assistant done']);
    expect(state.title).toBe('one two');
    expect(await log.leases.expired()).toEqual([]);
  });

  it('gives the model the path that leads to it, without what came to nothing', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    const first = await engine.send(id, { text: 'first' });
    actor.say('one');
    actor.finish();
    await until(engine, id, (state) => lastStatus(state) === 'done');
    await engine.send(id, { text: 'second' });
    await until(engine, id, (state) => state.runs.length === 2 && lastStatus(state) === 'running');
    await engine.stop((await engine.load(id)).runs.at(-1)?.id ?? first.run.id);
    await engine.send(id, { text: 'third' });
    await until(engine, id, (state) => state.runs.length === 3 && lastStatus(state) === 'running');
    await engine.send(id, { text: 'aside', parent: first.answer.id });
    expect(actor.requests[2]?.messages.map((message) => `${message.role} ${textOf(message)}`)).toEqual([
      'user first',
      'assistant one',
      'user second',
      'user third',
    ]);
    const { messages } = await engine.load(id);
    expect(messages.findLast(({ role }) => role === 'user')?.parent).toBe(first.answer.id);
    await engine.close();
  });

  it('waits for the run before it, and messages of one moment follow each other', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    const [first, second] = await Promise.all([engine.send(id, { text: 'a' }), engine.send(id, { text: 'b' })]);
    await until(engine, id, (state) => state.runs[0]?.status === 'running');
    const { messages, runs } = await engine.load(id);
    expect(runs.map(({ status }) => status)).toEqual(['running', 'queued']);
    expect(messages[2]?.parent).toBe(first.answer.id);
    expect(messages[2]?.id).toBe(second.message.id);
    actor.say('A');
    actor.finish();
    await until(engine, id, (state) => state.runs[1]?.status === 'running');
    expect(actor.requests[1]?.messages.map(textOf)).toEqual(['a', 'A', 'b']);
    await engine.close();
  });

  it('[CONV-KEY] is taken once for each key, and another message with that key is refused', async () => {
    const { engine, clock } = bench();
    const { id } = await engine.create({ model: 'demo/echo' });
    const send = (text: string) => engine.send(id, { text }, { key: 'k' });
    const [first, same] = await Promise.all([send('hello'), send('hello')]);
    expect(same).toEqual(first);
    await clock.advance(1_000);
    expect(await send('hello')).toEqual(first);
    await expect(send('other')).rejects.toMatchObject({ code: 'idempotency-key-reused' });
    expect((await engine.load(id)).messages).toHaveLength(2);
  });

  it.each([
    [{ text: ' \n ' }, 'invalid-input'],
    [{ text: 'a', model: 'no/such' }, 'model-not-found'],
    [{ text: 'a', parent: 'm_nobody' }, 'message-not-found'],
  ])('is refused whole: %o', async (request, code) => {
    const { engine } = bench();
    const { id, offset } = await engine.create({});
    await expect(engine.send(id, request)).rejects.toMatchObject({ code });
    expect((await engine.load(id)).offset).toBe(offset);
  });
});

describe('a conversation', () => {
  it('is created once for each key', async () => {
    const { engine } = bench();
    const [first, same] = await Promise.all([
      engine.create({ title: 'x' }, { key: 'k' }),
      engine.create({ title: 'x' }, { key: 'k' }),
    ]);
    expect(same.id).toBe(first.id);
    expect(await engine.list()).toMatchObject({ rows: [{ stream: first.id, title: 'x' }], next: null });
    await expect(engine.create({ title: 'y' }, { key: 'k' })).rejects.toMatchObject({ code: 'idempotency-key-reused' });
  });

  it('gives every viewer the same state, from whatever offset it follows', async () => {
    const { engine, clock } = bench();
    const { id } = await engine.create({ model: 'demo/echo' });
    await engine.send(id, { text: 'a b c d e f g h' });
    await clock.advance(100);
    const middle = await engine.load(id);
    const late = until(engine, id, (state) => lastStatus(state) === 'done');
    const follow = engine.follow(id, { after: middle.offset, signal: new AbortController().signal });
    const resumed = (async () => {
      let state = middle;
      for await (const batch of follow) {
        for (const event of batch) state = reduce(state, event);
        if (lastStatus(state) === 'done') break;
      }
      return state;
    })();
    await clock.advance(1_000);
    expect(await late).toEqual(await engine.load(id));
    expect(await resumed).toEqual(await engine.load(id));
  });

  it('gives a late reader the text and not the tokens', async () => {
    const { engine, clock } = bench();
    const { id } = await engine.create({ model: 'demo/tour' });
    await engine.send(id, { text: 'hi' });
    await clock.advance(60_000);
    const batches: PlacedEvent[][] = [];
    for await (const batch of engine.follow(id, { after: 0, signal: new AbortController().signal })) {
      batches.push([...batch]);
      if (batch.at(-1)?.event.type === 'run') break;
    }
    expect(batches.flat().filter(({ event }) => ['part', 'delta'].includes(event.type))).toHaveLength(1);
  });
});

describe('stop', () => {
  it('ends a running run at once, keeps its text, and is the same twice', async () => {
    const actor = puppet({ deaf: true });
    const { engine } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    const { run } = await engine.send(id, { text: 'go' });
    actor.say('some', ' text');
    await until(engine, id, (state) => answerOf(state) === 'some text');
    expect(await engine.stop(run.id)).toMatchObject({ status: 'stopped' });
    expect(actor.requests[0]?.signal.aborted).toBe(true);
    actor.say(' too late');
    expect(await engine.stop(run.id)).toMatchObject({ status: 'stopped' });
    expect(answerOf(await engine.load(id))).toBe('some text');
  });

  it('ends a queued run before its first word, and the next one has its turn', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    const sent = [];
    for (const text of ['a', 'b', 'c']) sent.push(await engine.send(id, { text }));
    const [first, second] = sent;
    if (first === undefined || second === undefined) throw new Error('three were sent');
    expect(await engine.stop(second.run.id)).toMatchObject({ status: 'stopped' });
    await engine.stop(first.run.id);
    const state = await until(engine, id, ({ runs }) => runs[2]?.status === 'running');
    expect(state.runs.map(({ status }) => status)).toEqual(['stopped', 'stopped', 'running']);
    expect(actor.requests.map(({ messages }) => textOf(messages.at(-1) ?? { parts: [] }))).toEqual(['a', 'c']);
    await engine.close();
  });

  it('leaves a run that has ended as it ended', async () => {
    const { engine, clock } = bench();
    const { id } = await engine.create({ model: 'demo/echo' });
    const { run } = await engine.send(id, { text: 'x' });
    await clock.advance(1_000);
    expect(await engine.stop(run.id)).toMatchObject({ status: 'done' });
  });

  it('does not know a run that never was', async () => {
    const { engine } = bench();
    const { id } = await engine.create({});
    const { run } = await engine.send(id, { text: 'x' });
    const other = `${run.id.slice(0, -1)}${run.id.endsWith('0') ? '1' : '0'}` as typeof run.id; // As long, and another.
    await expect(engine.stop(other)).rejects.toMatchObject({ code: 'run-not-found' });
    await engine.close();
  });
});

describe('a failure', () => {
  it('of the model ends the run as failed with its reason, and keeps the text', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'go' });
    actor.say('half an ', new StreamError('model-failed', 'The provider is overloaded'));
    const state = await until(engine, id, (current) => lastStatus(current) === 'failed');
    expect(state.runs[0]?.error).toEqual({ code: 'model-failed', message: 'The provider is overloaded' });
    expect(answerOf(state)).toBe('half an ');
  });

  it('of the store is waited out: the text is whole when there is room again', async () => {
    const clock = createFakeClock();
    const base = createMemoryLog({ clock, random: createSeededRandom(3) });
    let full = false;
    const log: Log = {
      ...base,
      append: async (...args) => {
        if (full) throw new StreamError('store-unavailable', 'disk full');
        return await base.append(...args);
      },
    };
    const engine = createEngine(
      { log, models: createCatalogue(createDemoModels({ clock })) },
      { clock, random: createSeededRandom(4) },
    );
    const { id } = await engine.create({ model: 'demo/echo' });
    await engine.send(id, { text: 'a b c d e f g h i j' });
    await clock.advance(100);
    full = true;
    await clock.advance(5_000);
    expect(lastStatus(await engine.load(id))).toBe('running');
    full = false;
    await clock.advance(1_000);
    expect(answerOf(await engine.load(id))).toBe('a b c d e f g h i j');
    expect(lastStatus(await engine.load(id))).toBe('done');
  });

  it('[RUN-PRESSURE] of a slow store slows the model: what waits is bounded and goes out merged', async () => {
    const clock = createFakeClock();
    const base = createMemoryLog({ clock, random: createSeededRandom(3) });
    const gate = Promise.withResolvers<void>();
    const log: Log = {
      ...base,
      append: async (...args) => {
        if (args[1][0]?.type === 'delta') await gate.promise;
        return await base.append(...args);
      },
    };
    let produced = 0;
    const firehose: Model = {
      id: 'test/firehose',
      name: 'Firehose',
      demo: false,
      continuesPrefix: false,
      async *stream() {
        for (; produced < 1_000; produced += 1) yield { type: 'text', text: 'x'.repeat(1_000) };
        yield { type: 'finish', reason: 'stop' };
      },
    };
    const engine = createEngine({ log, models: createCatalogue([firehose]) }, { clock, random: createSeededRandom(4) });
    const { id } = await engine.create({ model: 'test/firehose' });
    await engine.send(id, { text: 'go' });
    for (let turn = 0; turn < 100; turn += 1) await clock.advance(1);
    expect(produced).toBeGreaterThan(60);
    expect(produced).toBeLessThan(70);
    gate.resolve();
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(answerOf(state)).toHaveLength(1_000_000);
    const lengths = (await base.read(id, { after: 0, limit: 2_000 })).map(({ data }) => data.length);
    expect(Math.max(...lengths)).toBeGreaterThan(64_000);
  });
});

describe('takeover', () => {
  it('[RUN-TAKEOVER] [RUN-SEAM] continues a cut answer of a model that can, to the exact text, and the zombie writes nothing', async () => {
    const { clock, log, start } = bench();
    const first = killable(log);
    const engine = start(first.log);
    const { id } = await engine.create({ model: 'demo/tour' });
    await engine.send(id, { text: 'hi' });
    await clock.advance(3_000);
    first.kill();
    const second = start();
    await clock.advance(11_000);
    expect(await second.recover()).toBe(0);
    await clock.advance(1_000);
    expect(await second.recover()).toBe(1);
    await clock.advance(60_000);
    const state = await second.load(id);
    const whole = bench();
    const reference = await whole.engine.create({ model: 'demo/tour' });
    await whole.engine.send(reference.id, { text: 'hi' });
    await whole.clock.advance(60_000);
    expect(answerOf(state)).toBe(answerOf(await whole.engine.load(reference.id)));
    expect(state.runs).toMatchObject([{ status: 'done', attempt: 2 }]);
  });

  it('ends a cut answer as interrupted, with its text, where the model wants that', async () => {
    const actor = puppet({ takeover: 'interrupt' });
    const { clock, log, start } = bench({ models: [actor.model] });
    const first = killable(log);
    const engine = start(first.log);
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'hi' });
    actor.say('half');
    await until(engine, id, (state) => answerOf(state) === 'half');
    first.kill();
    await clock.advance(15_000);
    const second = start();
    await second.recover();
    const state = await until(second, id, (current) => lastStatus(current) === 'interrupted');
    expect(answerOf(state)).toBe('half');
    expect(await log.leases.expired()).toEqual([]);
  });

  it('starts what was queued when the process died, in its order', async () => {
    const { clock, log, start } = bench();
    const first = killable(log);
    const engine = start(first.log);
    const { id } = await engine.create({ model: 'demo/echo' });
    await engine.send(id, { text: 'first message of all' });
    await engine.send(id, { text: 'second' });
    await engine.send(id, { text: 'third' });
    await clock.advance(30);
    first.kill();
    await clock.advance(20_000);
    const second = start();
    expect(await second.recover()).toBe(3);
    await clock.advance(5_000);
    const { messages, runs } = await second.load(id);
    expect(runs.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    const answers = messages.filter(({ role }) => role === 'assistant').map(textOf);
    expect(answers).toEqual(['first message of all', 'second', 'third']);
  });

  it('needs no wait after a clean close, and finds nothing where all had ended', async () => {
    const { clock, start } = bench();
    const engine = start();
    const { id } = await engine.create({ model: 'demo/echo' });
    await engine.send(id, { text: 'a b c d e f' });
    await clock.advance(60);
    await engine.close();
    expect(lastStatus(await start().load(id))).toBe('running');
    const second = start();
    expect(await second.recover()).toBe(1);
    await clock.advance(5_000);
    expect(answerOf(await second.load(id))).toBe('a b c d e f');
    const third = start();
    expect(await third.recover()).toBe(0);
    await Promise.all([second.close(), third.close()]);
    expect(clock.pending).toBe(0);
  });

  it('gives up a claim whose message was never written', async () => {
    const { log, start } = bench();
    const { id } = await start().create({});
    await log.leases.acquire(`run:r_${id.slice(2)}_000000000000`, { ttlMs: 0 });
    expect(await start().recover()).toBe(0);
    expect(await log.leases.expired()).toEqual([]);
  });
});
