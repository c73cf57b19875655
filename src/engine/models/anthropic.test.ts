// What is special to Anthropic; the rest is in providers.test.ts.
import { expect, it } from 'vitest';
import { collect, fixture, requestOf, said, startProvider } from '../../../test/support/provider.ts';
import type { ModelMessage } from '../model.ts';
import { createAnthropicProvider } from './anthropic.ts';

const apiKey = 'sk-ant-0123456789abcdef';
const question: ModelMessage = { role: 'user', parts: [{ type: 'text', text: 'Hi' }] };

it.each([
  ['claude-3-haiku-20240307', true],
  ['claude-opus-4-20250514', true],
  ['claude-sonnet-4-0', true],
  ['claude-opus-4-1-20250805', true],
  ['claude-haiku-4-5', true],
  ['claude-sonnet-4-6', false],
  ['claude-opus-4-10', false],
  ['claude-sonnet-5', false],
  ['claude-fable-5', false],
  ['something-new', false],
])('knows whether %s continues a prefix', (name, expected) => {
  expect(createAnthropicProvider({ apiKey }).model(name).continuesPrefix).toBe(expected);
});

it('goes on behind a prefix without its white space at the end, which is not said twice', async () => {
  const answer = (text: string): string =>
    fixture('anthropic-text')
      .split(/(?<=\n\n)/)
      .filter((event) => !event.includes('thinking') && !event.includes('signature'))
      .join('')
      .replace('Hello, ', text);
  await using provider = await startProvider({ body: answer('\\n\\n- Hello ') }, { body: answer('Hello ') });
  const model = createAnthropicProvider({ apiKey, baseUrl: provider.url }).model('claude-haiku-4-5');
  const messages: ModelMessage[] = [question, { role: 'assistant', parts: [{ type: 'reasoning', text: 'So.' }] }];
  const request = requestOf({ messages, prefix: 'List:\n', settings: { reasoning: 'high' } });
  expect(said((await collect(model.stream(request))).parts)).toBe('\n- Hello wörld 🧑‍🚀!');
  expect(provider.received[0]?.body).toMatchObject({
    messages: [{ role: 'user' }, { role: 'assistant', content: [{ type: 'text', text: 'List:' }] }],
  });
  expect(provider.received[0]?.body).not.toHaveProperty('thinking');
  expect(said((await collect(model.stream(request))).parts)).toBe('Hello wörld 🧑‍🚀!');
  // Nothing but white space is no prefix at all.
  await collect(model.stream(requestOf({ prefix: ' ' })));
  expect(provider.received[2]?.body).toMatchObject({ messages: [{ role: 'user' }] });
});

it('thinks where that is asked for', async () => {
  await using provider = await startProvider({ body: fixture('anthropic-text') });
  const model = createAnthropicProvider({ apiKey, baseUrl: `${provider.url}/v1/` }).model('claude-opus-4-8');
  await collect(model.stream(requestOf({ settings: { reasoning: 'low' } })));
  expect(provider.received[0]).toMatchObject({
    path: '/v1/messages',
    headers: { 'x-api-key': apiKey },
    body: { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
  });
});
