// What is special to endpoints that speak OpenAI's Chat Completions format; the rest is in providers.test.ts.
import { expect, it } from 'vitest';
import { collect, fixture, requestOf, said, startProvider } from '../../../test/support/provider.ts';
import type { Model, ModelMessage } from '../model.ts';
import { createOpenAiProvider } from './openai.ts';

const apiKey = 'sk-test-0123456789abcdef';

function modelAt(url: string, more: object = {}): Model {
  return createOpenAiProvider({ id: 'openai', baseUrl: `${url}/v1`, apiKey, ...more }).model('gpt-test');
}

function lines(...events: Array<object | string>): string {
  return events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
}

function chunk(delta: object, finishReason: string | null = null): object {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-test', choices };
}

it('sends the key as a bearer token, and none where there is none', async () => {
  await using provider = await startProvider({ body: fixture('chat-text') });
  await collect(modelAt(provider.url).stream(requestOf()));
  await collect(modelAt(provider.url, { apiKey: undefined }).stream(requestOf()));
  expect(provider.received.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${apiKey}`, undefined]);
});

it.each([
  ['length', 'length'],
  ['content_filter', 'content-filter'],
  ['something_new', 'other'],
])('passes on the finish reason %s as %s', async (given, expected) => {
  await using provider = await startProvider({ body: lines(chunk({ content: 'x' }), chunk({}, given), '[DONE]') });
  const { parts } = await collect(modelAt(provider.url).stream(requestOf()));
  expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: expected });
});

it('waits for tools where they are called, whatever the reason that is given', async () => {
  const body = fixture('chat-tool').replace('"finish_reason":"tool_calls"', '"finish_reason":"stop"');
  await using provider = await startProvider({ body });
  const { parts } = await collect(modelAt(provider.url).stream(requestOf()));
  expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'tool-calls' });
});

it('keeps a surrogate pair that the provider splits between two pieces', async () => {
  const half = (escape: string): string => JSON.stringify(chunk({ content: 'X' })).replace('"X"', `"${escape}"`);
  const body = lines(half('\\ud83d'), half('\\ude00'), chunk({}, 'stop'), '[DONE]');
  await using provider = await startProvider({ body });
  expect(said((await collect(modelAt(provider.url).stream(requestOf()))).parts)).toBe('😀');
});

it('fails with status and reason where it refuses, without the key in either', async () => {
  const message = `Incorrect API key provided: ${apiKey} (sk-tes**cdef)`;
  await using provider = await startProvider({ status: 401, body: JSON.stringify({ error: { message } }) });
  const { error } = await collect(modelAt(provider.url).stream(requestOf()));
  expect(error).toMatchObject({
    code: 'model-failed',
    message: expect.stringMatching(/HTTP 401.*Incorrect API key provided: \[key\] \(\[key\]\)/),
    details: { status: 401, isTransient: false },
  });
});

it('says where nothing listens', async () => {
  const provider = await startProvider();
  await provider[Symbol.asyncDispose]();
  const { error } = await collect(modelAt(provider.url).stream(requestOf()));
  expect(error).toMatchObject({
    code: 'model-failed',
    message: expect.stringContaining('ECONNREFUSED'),
    details: { isTransient: true },
  });
});

it('gives unsigned thoughts back while the answer is written, and not later', async () => {
  await using provider = await startProvider({ body: fixture('chat-text') });
  const step = (id: string): ModelMessage => ({
    role: 'assistant',
    parts: [
      { type: 'reasoning', text: `So ${id}.` },
      { type: 'tool-call', id, name: 'look', text: '' },
      { type: 'tool-result', call: id, output: 'nothing', isError: true },
    ],
  });
  const question: ModelMessage = { role: 'user', parts: [{ type: 'text', text: 'Hi' }] };
  const request = requestOf({ messages: [question, step('a'), question, step('b')] });
  await collect(modelAt(provider.url).stream(request));
  const call = (id: string): object => ({ id, function: { name: 'look', arguments: '{}' } });
  expect(provider.received[0]?.body).toMatchObject({
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', tool_calls: [call('a')] },
      { role: 'tool', tool_call_id: 'a', content: 'nothing' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', reasoning_content: 'So b.', tool_calls: [call('b')] },
      { role: 'tool', tool_call_id: 'b' },
    ],
  });
  expect(JSON.stringify(provider.received[0]?.body)).not.toContain('So a.');
});

it('asks llama.cpp to go on behind the text that is there, in one message and without thinking', async () => {
  await using provider = await startProvider({ body: fixture('llamacpp-text') });
  const model = modelAt(provider.url, { id: 'llamacpp', continuesPrefix: true });
  const messages: ModelMessage[] = [
    { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'So.' },
        { type: 'text', text: 'I say: ' },
      ],
    },
  ];
  await collect(model.stream(requestOf({ messages, prefix: 'Good ', settings: { reasoning: 'high' } })));
  const body = provider.received[0]?.body;
  expect(body).toMatchObject({
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'I say: Good ' },
    ],
    chat_template_kwargs: { enable_thinking: false },
  });
  expect(JSON.stringify(body)).not.toMatch(/reasoning_effort|So\./);
  await collect(model.stream(requestOf()));
  expect(provider.received[1]?.body).not.toHaveProperty('chat_template_kwargs');
});
