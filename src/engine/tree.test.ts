import { describe, expect, it } from 'vitest';
import { answerOf, bench, lastStatus, puppet, until } from '../../test/support/engine.ts';
import { textOf } from '../conversation/message.ts';
import { pathTo } from '../conversation/tree.ts';
import type { Conversation } from '../conversation/reduce.ts';

const line = ({ messages, leaf }: Conversation): string[] => pathTo(messages, leaf).map(textOf);
const statuses = ({ runs }: Conversation): string[] => runs.map(({ status }) => status);

async function echoing() {
  const { engine, clock, log, start } = bench();
  const { id } = await engine.create({ model: 'demo/echo' });
  const first = await engine.send(id, { text: 'one' });
  await clock.advance(1_000);
  const second = await engine.send(id, { text: 'two' });
  await clock.advance(1_000);
  return { engine, clock, log, start, id, first, second };
}

describe('the tree', () => {
  it('[CONV-SIBLING] [CONV-LEAF] takes an edit as a sibling, which becomes the line that is looked at', async () => {
    const { engine, clock, id, second, first } = await echoing();
    const edited = await engine.send(id, { text: 'two, better', parent: first.answer.id });
    await clock.advance(1_000);
    const state = await engine.load(id);
    expect(line(state)).toEqual(['one', 'one', 'two, better', 'two, better']);
    expect(state.leaf).toBe(edited.answer.id);
    expect(line(await engine.change(id, { leaf: second.message.id }))).toEqual(['one', 'one', 'two', 'two']);
    await engine.send(id, { text: 'three' });
    await clock.advance(1_000);
    expect(line(await engine.load(id))).toEqual(['one', 'one', 'two', 'two', 'three', 'three']);
  });

  it('[CONV-SIBLING] has another first message beside the first, where the parent is null', async () => {
    const { engine, clock, id } = await echoing();
    await engine.send(id, { text: 'anew', parent: null });
    await clock.advance(1_000);
    expect(line(await engine.load(id))).toEqual(['anew', 'anew']);
  });

  it('[CONV-SIBLING] [CONV-KEY] has another answer beside one, of the same model or another, once for each key', async () => {
    const { engine, clock, id, first } = await echoing();
    const again = await engine.regenerate(id, { message: first.answer.id }, { key: 'k' });
    expect(await engine.regenerate(id, { message: first.answer.id }, { key: 'k' })).toEqual(again);
    await clock.advance(1_000);
    const other = await engine.regenerate(id, { message: first.message.id, model: 'demo/tour' });
    expect(again.message.id).toBe(first.message.id);
    await clock.advance(60_000);
    const { messages, runs, leaf } = await engine.load(id);
    const answers = messages.filter(({ parent }) => parent === first.message.id);
    expect(answers.map(({ model }) => model)).toEqual(['demo/echo', 'demo/echo', 'demo/tour']);
    expect(leaf).toBe(other.answer.id);
    expect(runs).toHaveLength(4);
    await expect(
      engine.regenerate(id, { message: first.message.id, model: 'demo/tour' }, { key: 'k' }),
    ).rejects.toMatchObject({ code: 'idempotency-key-reused' });
    await expect(engine.regenerate(id, { message: 'm_nobody' })).rejects.toMatchObject({ code: 'message-not-found' });
  });

  it('[CONV-SIDE] [CONV-KEY] has several answers side by side, written at the same time, the first of them looked at', async () => {
    const left = puppet({ id: 'test/left' });
    const right = puppet({ id: 'test/right' });
    const { engine, log } = bench({ models: [left.model, right.model] });
    const { id } = await engine.create({});
    const sent = await engine.send(id, { text: 'hi', model: ['test/left', 'test/right'] }, { key: 'k' });
    expect(await engine.send(id, { text: 'hi', model: ['test/left', 'test/right'] }, { key: 'k' })).toEqual(sent);
    right.say('R');
    left.say('L');
    await until(engine, id, ({ messages }) => messages.slice(1).every((message) => textOf(message) !== ''));
    const state = await engine.load(id);
    expect(statuses(state)).toEqual(['running', 'running']);
    expect(line(state)).toEqual(['hi', 'L']);
    right.finish();
    await until(engine, id, ({ runs }) => runs[1]?.status === 'done');
    left.finish();
    await until(engine, id, ({ runs }) => runs[0]?.status === 'done');
    expect(await log.leases.expired()).toEqual([]);
    await expect(engine.send(id, { text: 'hi', model: [] })).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('[CONV-REMOVE] loses a message and all below, with what is being written there, and has it back', async () => {
    const { engine, clock, id, first, second } = await echoing();
    await engine.send(id, { text: 'a long answer that takes its time' });
    await clock.advance(30);
    const without = await engine.removeMessage(id, second.message.id);
    expect(statuses(without)).toEqual(['done', 'done', 'stopped']);
    expect(line(without)).toEqual(['one', 'one']);
    expect(await engine.removeMessage(id, second.message.id)).toEqual(without);
    await expect(engine.send(id, { text: 'x', parent: second.answer.id })).rejects.toMatchObject({
      code: 'message-not-found',
    });
    await engine.send(id, { text: 'three' });
    await clock.advance(1_000);
    expect(line(await engine.load(id))).toEqual(['one', 'one', 'three', 'three']);
    const back = await engine.restoreMessage(id, second.message.id);
    expect(line(back).slice(0, 4)).toEqual(['one', 'one', 'two', 'two']);
    expect(await engine.restoreMessage(id, second.message.id)).toEqual(back);
    expect(line(await engine.change(id, { leaf: first.message.id })).at(-1)).toBe('three');
  });

  it('[CONV-REMOVE] stays on its line where what is brought back is below something that is still away', async () => {
    const { engine, id, first, second } = await echoing();
    await engine.removeMessage(id, second.message.id);
    await engine.removeMessage(id, first.message.id);
    expect((await engine.load(id)).leaf).toBeNull();
    expect((await engine.restoreMessage(id, second.message.id)).leaf).toBeNull();
    const back = await engine.restoreMessage(id, first.message.id);
    expect(line(back)).toEqual(['one', 'one', 'two', 'two']);
  });
});

it('[CONV-KEY] a message with large files is known again', async () => {
  const { engine } = bench();
  const { id } = await engine.create({ model: 'demo/echo' });
  const file = { type: 'file', mediaType: 'image/png', data: 'AAAA'.repeat(500_000) } as const;
  const message = { text: 'look', files: [file, file, { ...file, name: 'third' }] };
  const sent = await engine.send(id, message, { key: 'k' });
  expect(await engine.send(id, message, { key: 'k' })).toEqual(sent);
  await expect(engine.send(id, { ...message, files: [file] }, { key: 'k' })).rejects.toMatchObject({
    code: 'idempotency-key-reused',
  });
  await engine.close();
});

describe('a message while an answer is being written', () => {
  it('[RUN-QUEUE] waits for those above it alone', async () => {
    const actor = puppet();
    const { engine, clock } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'long' });
    actor.say('half');
    await until(engine, id, (state) => answerOf(state) === 'half');
    await engine.send(id, { text: 'behind', model: 'demo/echo' });
    await engine.send(id, { text: 'beside', model: 'demo/echo', parent: null });
    await clock.advance(1_000);
    expect(statuses(await engine.load(id))).toEqual(['running', 'queued', 'done']);
    actor.finish();
    await until(engine, id, ({ runs }) => runs[0]?.status === 'done');
    await clock.advance(1_000);
    expect(statuses(await engine.load(id))).toEqual(['done', 'done', 'done']);
  });

  it('[RUN-QUEUE] [CONV-KEY] interrupts it where that is asked for, once', async () => {
    const actor = puppet();
    const { engine, clock } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'long' });
    actor.say('half');
    await until(engine, id, (state) => answerOf(state) === 'half');
    const message = { text: 'rather', model: 'demo/echo', whileRunning: 'interrupt' } as const;
    const sent = await engine.send(id, message, { key: 'k' });
    expect(await engine.send(id, message, { key: 'k' })).toEqual(sent);
    await clock.advance(1_000);
    const state = await engine.load(id);
    expect(statuses(state)).toEqual(['stopped', 'done']);
    expect(line(state)).toEqual(['long', 'half', 'rather', 'rather']);
  });

  it('[RUN-QUEUE] is refused where that is asked for, and writes nothing', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'long' });
    await until(engine, id, (state) => lastStatus(state) === 'running');
    const { offset } = await engine.load(id);
    await expect(engine.send(id, { text: 'no', whileRunning: 'refuse' })).rejects.toMatchObject({
      code: 'conversation-busy',
    });
    expect((await engine.load(id)).offset).toBe(offset);
    await engine.close();
  });

  it('[RUN-LIMIT] is refused where too many are being written', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model], limits: { maxRuns: 2 } });
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'a' });
    await engine.send(id, { text: 'b' });
    // And then nothing is stopped for it.
    const refused = engine.send(id, { text: 'c', whileRunning: 'interrupt' });
    await expect(refused).rejects.toMatchObject({ code: 'too-many-runs' });
    await expect(
      engine.regenerate(id, { message: (await engine.load(id)).messages[1]?.id ?? '' }),
    ).rejects.toMatchObject({ code: 'too-many-runs' });
    expect((await engine.load(id)).runs.some(({ stop }) => stop !== undefined)).toBe(false);
    await engine.close();
  });
});

describe('a conversation', () => {
  it('[CONV-CHANGE] [CONV-KEY] is changed, once for each key, and its models are told', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model] });
    const { id } = await engine.create({ model: 'test/puppet', system: 'Be brief.', settings: { temperature: 0 } });
    const change = { title: 'Named', settings: { temperature: 1, reasoning: 'low' } } as const;
    const changed = await engine.change(id, change, { key: 'k' });
    expect(changed).toMatchObject({ ...change, system: 'Be brief.' });
    expect(await engine.change(id, change, { key: 'k' })).toEqual(changed);
    await expect(engine.change(id, { title: 'Else' }, { key: 'k' })).rejects.toMatchObject({
      code: 'idempotency-key-reused',
    });
    expect((await engine.list()).rows).toMatchObject([{ stream: id, title: 'Named' }]);
    await engine.send(id, { text: 'hi' });
    await until(engine, id, (state) => lastStatus(state) === 'running');
    expect(actor.requests[0]).toMatchObject({ system: 'Be brief.', settings: change.settings });
    expect((await engine.load(id)).title).toBe('Named');
    await engine.close();
  });

  it.each([
    {},
    { title: ' ' },
    { title: 'x'.repeat(201) },
    { model: 'no/such' },
    { leaf: 'm_nobody' },
    { settings: { temperature: 3 } },
    { settings: { warmth: 1 } as object },
    { system: 'x'.repeat(100_001) },
  ])('[CONV-CHANGE] is not changed by %j', async (change) => {
    const { engine } = bench();
    const { id, offset } = await engine.create({});
    await expect(engine.change(id, change)).rejects.toMatchObject({
      code: expect.stringMatching(/^(invalid-input|model-not-found|message-not-found)$/) as string,
    });
    expect((await engine.load(id)).offset).toBe(offset);
  });

  it('[CONV-CHANGE] keeps its place in the list where only another line of it is looked at', async () => {
    const { engine, clock, id, first } = await echoing();
    await clock.advance(1_000);
    const { id: newer } = await engine.create({});
    await clock.advance(1_000);
    await engine.change(id, { leaf: first.message.id });
    expect((await engine.list()).rows.map(({ stream }) => stream)).toEqual([newer, id]);
    await engine.change(id, { leaf: first.message.id, title: 'Named' });
    expect((await engine.list()).rows.map(({ stream }) => stream)).toEqual([id, newer]);
  });

  it('[CONV-DELETE] [CONV-KEY] is not made anew by a repeat, when it has gone for good', async () => {
    const { engine, clock } = bench();
    await engine.recover();
    const { id } = await engine.create({}, { key: 'k' });
    await engine.delete(id);
    await clock.advance(25 * 60 * 60_000);
    await expect(engine.create({}, { key: 'k' })).rejects.toMatchObject({ code: 'conversation-not-found' });
    await engine.close();
  });

  it('[CONV-DELETE] that is being brought back does not go for good meanwhile', async () => {
    const gate = Promise.withResolvers<void>();
    let holds = false;
    const { clock, log, start } = bench();
    const engine = start({
      ...log,
      append: async (...args) => {
        if (holds) await gate.promise;
        return await log.append(...args);
      },
    });
    await engine.recover();
    const { id } = await engine.create({});
    await engine.delete(id);
    await clock.advance(24 * 60 * 60_000);
    holds = true;
    const restoring = engine.restore(id);
    await clock.advance(10 * 60_000);
    gate.resolve();
    expect(await restoring).toMatchObject({ deletedAtMs: null });
    await clock.advance(10 * 60_000);
    expect(await engine.load(id)).toMatchObject({ deletedAtMs: null });
    await engine.close();
  });

  it('[CONV-DELETE] is deleted with what is being written, can be brought back, and goes for good after a day', async () => {
    const { engine, clock, log, id } = await echoing();
    await engine.recover();
    await engine.send(id, { text: 'a long answer that takes its time' });
    await clock.advance(30);
    await engine.delete(id);
    await engine.delete(id);
    await expect(engine.load(id)).rejects.toMatchObject({ code: 'conversation-not-found' });
    await expect(engine.send(id, { text: 'x' })).rejects.toMatchObject({ code: 'conversation-not-found' });
    expect((await engine.list()).rows).toEqual([]);
    await clock.advance(23 * 60 * 60_000);
    const back = await engine.restore(id);
    expect(statuses(back)).toEqual(['done', 'done', 'stopped']);
    expect((await engine.list()).rows).toHaveLength(1);
    await clock.advance(25 * 60 * 60_000);
    expect(await engine.load(id)).toMatchObject({ deletedAtMs: null });
    await engine.delete(id);
    await clock.advance(25 * 60 * 60_000);
    await expect(engine.restore(id)).rejects.toMatchObject({ code: 'conversation-not-found' });
    await expect(log.head(id)).rejects.toMatchObject({ code: 'stream-deleted' });
    await engine.close();
  });
});
