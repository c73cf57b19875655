import { describe, expect, it } from 'vitest';
import { bench, lastStatus, puppet, until } from '../../test/support/engine.ts';
import type { ToolCallPart } from '../conversation/message.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { runTool, type Tool } from './tool.ts';

const add: Tool = {
  name: 'add',
  description: 'Adds two numbers.',
  inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
  execute: async ({ a, b }) => await Promise.resolve(Number(a) + Number(b)),
};

const { signal } = new AbortController();
const clock = createFakeClock();
const context = { clock, timeoutMs: 60_000, signal };
const call = (fields: Partial<ToolCallPart>): ToolCallPart => ({
  type: 'tool-call',
  id: 'c',
  name: 'add',
  text: '{"a":1,"b":2}',
  ...fields,
});
const parts = (state: Conversation) => state.messages[1]?.parts ?? [];

describe('a tool', () => {
  it('gives its result, as JSON', async () => {
    expect(await runTool([add], call({}), context)).toEqual({ type: 'tool-result', call: 'c', output: 3 });
    const nothing = { ...add, execute: async () => await Promise.resolve(undefined) };
    expect(await runTool([nothing], call({ text: '' }), context)).toMatchObject({ output: null });
  });

  it.each([
    { name: 'is not there', given: call({ name: 'divide' }), says: 'Expected one of the tools add' },
    { name: 'is given no JSON', given: call({ text: '{"a":' }), says: 'Expected a JSON object' },
    { name: 'is given no object', given: call({ text: '[1]' }), says: 'Expected a JSON object' },
  ])('that $name is told to the model', async ({ given, says }) => {
    const result = await runTool([add], given, context);
    expect(result).toMatchObject({ isError: true, output: expect.stringContaining(says) as string });
  });

  it('[RUN-TOOLS] that fails, or gives too much or what is no JSON, is told to the model', async () => {
    const failing = { ...add, execute: async () => await Promise.reject(new Error('no such file')) };
    expect(await runTool([failing], call({}), context)).toMatchObject({ isError: true, output: 'no such file' });
    const throwing = {
      ...add,
      execute: () => {
        throw new Error('at once');
      },
    };
    expect(await runTool([throwing], call({}), context)).toMatchObject({ isError: true, output: 'at once' });
    const large = { ...add, execute: async () => await Promise.resolve('x'.repeat(1_000_001)) };
    expect(await runTool([large], call({}), context)).toMatchObject({ isError: true });
    const big = { ...add, execute: async () => await Promise.resolve(1n) };
    expect(await runTool([big], call({}), context)).toMatchObject({ isError: true });
  });

  it('[RUN-TOOLS] that never ends is told so, and the model is told, when its time is over', async () => {
    const given: AbortSignal[] = [];
    const hanging: Tool = {
      ...add,
      execute: (_input, told) => {
        given.push(told.signal);
        return new Promise(() => undefined);
      },
    };
    const result = runTool([hanging], call({}), context);
    await clock.advance(60_000);
    expect(await result).toMatchObject({ isError: true, output: expect.stringContaining('within 60 s') as string });
    expect(given[0]?.aborted).toBe(true);
  });
});

describe('a model that calls tools', () => {
  it('[RUN-TOOLS] [RUN-USAGE] is given the results and asked again, with everything in the log', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model], tools: [add] });
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'go' });
    actor.say(
      { type: 'reasoning', text: 'I must add.' },
      { type: 'reasoning-end', providerData: { signature: 's' } },
      { type: 'tool-call-delta', id: 'c1', name: 'add', text: '{"a":' },
      { type: 'tool-call-delta', id: 'c1', name: 'add', text: '1,"b":2}' },
      { type: 'tool-call', id: 'c1', name: 'add', text: '{"a":1,"b":2}' },
      { type: 'tool-call', id: 'c2', name: 'add', text: '{"a":3,"b":4}' },
    );
    actor.finish('tool-calls');
    await until(engine, id, (state) => parts(state).length === 5);
    actor.say('3 and 7.');
    actor.finish();
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(parts(state)).toEqual([
      { type: 'reasoning', text: 'I must add.', providerData: { signature: 's' } },
      { type: 'tool-call', id: 'c1', name: 'add', text: '{"a":1,"b":2}' },
      { type: 'tool-call', id: 'c2', name: 'add', text: '{"a":3,"b":4}' },
      { type: 'tool-result', call: 'c1', output: 3 },
      { type: 'tool-result', call: 'c2', output: 7 },
      { type: 'text', text: '3 and 7.' },
    ]);
    expect(actor.requests[0]?.tools).toEqual([
      { name: 'add', description: add.description, inputSchema: add.inputSchema },
    ]);
    expect(actor.requests[1]?.messages.at(-1)).toEqual({ role: 'assistant', parts: parts(state).slice(0, 5) });
    // Told by the provider for each of two steps.
    expect(state.runs[0]).toMatchObject({ finishReason: 'stop', usage: { inputTokens: 6, outputTokens: 10 } });
    expect(state.runs[0]?.isCalling).toBeUndefined();
  });

  it('[RUN-TOOLS] and does not stop is stopped at the limit', async () => {
    const actor = puppet();
    const { engine } = bench({ models: [actor.model], tools: [add], maxSteps: 2 });
    const { id } = await engine.create({ model: 'test/puppet' });
    await engine.send(id, { text: 'go' });
    for (const name of ['c1', 'c2', 'c3']) {
      actor.say({ type: 'tool-call', id: name, name: 'add', text: '{"a":1,"b":2}' });
      actor.finish('tool-calls');
    }
    const state = await until(engine, id, (current) => lastStatus(current) === 'done');
    expect(state.runs[0]?.finishReason).toBe('step-limit');
    expect(actor.requests).toHaveLength(3);
  });

  it('[RUN-STOP] can be stopped while a tool that hears nothing is at work', async () => {
    const actor = puppet();
    const deaf = { ...add, execute: () => new Promise(() => undefined) };
    const { engine } = bench({ models: [actor.model], tools: [deaf] });
    const { id } = await engine.create({ model: 'test/puppet' });
    const { run } = await engine.send(id, { text: 'go' });
    actor.say({ type: 'tool-call', id: 'c1', name: 'add', text: '{}' });
    actor.finish('tool-calls');
    await until(engine, id, ({ runs }) => runs[0]?.isCalling === true);
    expect(await engine.stop(run.id)).toMatchObject({ status: 'stopped' });
    const next = await engine.send(id, { text: 'on' });
    await until(engine, id, ({ runs }) => runs[1]?.status === 'running');
    // A call without a result is not told to the model: its provider would refuse it.
    expect(actor.requests[1]?.messages.map(({ role }) => role)).toEqual(['user', 'user']);
    await engine.stop(next.run.id);
  });
});
