// What becomes of parts that no provider here gives by itself.
import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { expect, it } from 'vitest';
import { collect, requestOf } from '../../../test/support/provider.ts';
import type { ModelMessage } from '../model.ts';
import { fromAiSdk } from './ai-sdk.ts';

const usage = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 3, text: undefined, reasoning: undefined },
};

function finish(unified: 'stop' | 'interrupted' | 'error' = 'stop'): LanguageModelV4StreamPart {
  return { type: 'finish', usage, finishReason: { unified, raw: undefined } };
}

function modelOf(parts: readonly LanguageModelV4StreamPart[]) {
  const asked: LanguageModelV4CallOptions[] = [];
  const sdk: LanguageModelV4 = {
    specificationVersion: 'v4',
    provider: 'some.chat',
    modelId: 'm',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new Error('Not asked for.')),
    doStream(options) {
      asked.push(options);
      const stream = new ReadableStream<LanguageModelV4StreamPart>({
        start(controller) {
          for (const part of parts) controller.enqueue(part);
          controller.close();
        },
      });
      return Promise.resolve({ stream });
    },
  };
  const info = { id: 'some/m', name: 'M', demo: false, continuesPrefix: false, takesImages: true };
  return { asked, model: fromAiSdk({ info, load: () => sdk, providerOptions: { some: { fast: true } } }) };
}

it('gives tools that the provider ran with their results, sources and files, each as a part', async () => {
  const { model } = modelOf([
    { type: 'stream-start', warnings: [] },
    { type: 'tool-input-start', id: 's1', toolName: 'search', providerExecuted: true },
    { type: 'tool-input-delta', id: 's1', delta: '{"q":1}' },
    { type: 'tool-input-end', id: 's1' },
    { type: 'tool-call', toolCallId: 's1', toolName: 'search', input: '{"q":1}', providerExecuted: true },
    { type: 'tool-result', toolCallId: 's1', toolName: 'search', result: ['so far'], preliminary: true },
    { type: 'tool-result', toolCallId: 's1', toolName: 'search', result: ['found'], isError: true },
    { type: 'source', sourceType: 'url', id: '1', url: 'https://example.com/', title: 'Example' },
    { type: 'source', sourceType: 'document', id: '2', mediaType: 'application/pdf', title: 'No address' },
    { type: 'file', mediaType: 'image/png', data: { type: 'data', data: new Uint8Array([1, 2, 3]) } },
    { type: 'file', mediaType: 'image/png', data: { type: 'url', url: new URL('https://example.com/a.png') } },
    finish(),
  ]);
  expect((await collect(model.stream(requestOf()))).parts).toEqual([
    { type: 'tool-call-delta', id: 's1', name: 'search', text: '' },
    { type: 'tool-call-delta', id: 's1', name: 'search', text: '{"q":1}' },
    { type: 'tool-call', id: 's1', name: 'search', text: '{"q":1}', isRunByProvider: true, providerData: { some: {} } },
    { type: 'part', part: { type: 'tool-result', call: 's1', output: ['found'], isError: true } },
    { type: 'part', part: { type: 'source', url: 'https://example.com/', title: 'Example' } },
    { type: 'part', part: { type: 'file', mediaType: 'image/png', data: 'AQID' } },
    { type: 'part', part: { type: 'file', mediaType: 'image/png', url: 'https://example.com/a.png' } },
    { type: 'finish', reason: 'stop', usage: { outputTokens: 3 } },
  ]);
});

it('tells steps apart: what was said, the results of tools, and what was said behind them', async () => {
  const { model, asked } = modelOf([finish()]);
  const messages: ModelMessage[] = [
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'Hi' },
        { type: 'file', mediaType: 'image/png', name: 'a.png', url: '/files/a.png' },
      ],
    },
    {
      role: 'assistant',
      parts: [
        {
          type: 'tool-call',
          id: 's',
          name: 'search',
          text: '{}',
          isRunByProvider: true,
          providerData: { some: {} },
        },
        { type: 'tool-result', call: 's', output: 'found' },
        { type: 'tool-call', id: 'a', name: 'one', text: '{"x":1}', providerData: { some: { signature: 'y' } } },
        { type: 'tool-call', id: 'b', name: 'two', text: '' },
        { type: 'tool-result', call: 'a', output: null },
        { type: 'tool-result', call: 'b', output: { why: 'not' }, isError: true },
        { type: 'source', url: 'https://example.com/' },
        { type: 'text', text: 'So.' },
      ],
    },
  ];
  await collect(model.stream(requestOf({ messages, settings: { reasoning: 'low' } })));
  const call = (toolCallId: string, toolName: string, input: unknown = {}): object => ({
    type: 'tool-call',
    toolCallId,
    toolName,
    input,
  });
  const result = (toolCallId: string, toolName: string, output: object): object => ({
    type: 'tool-result',
    toolCallId,
    toolName,
    output,
  });
  expect(asked[0]).toMatchObject({ reasoning: 'low', providerOptions: { some: { fast: true } } });
  expect(asked[0]).not.toHaveProperty('tools');
  expect(asked[0]?.prompt).toMatchObject([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Hi' },
        { type: 'text', text: '[A file that cannot be read: a.png]' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { ...call('s', 'search'), providerExecuted: true },
        result('s', 'search', { type: 'text', value: 'found' }),
        { ...call('a', 'one', { x: 1 }), providerOptions: { some: { signature: 'y' } } },
        call('b', 'two'),
      ],
    },
    {
      role: 'tool',
      content: [
        result('a', 'one', { type: 'json', value: null }),
        result('b', 'two', { type: 'error-json', value: { why: 'not' } }),
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text: 'So.' }] },
  ]);
});

it('tells what another provider ran as any call, with its result behind it', async () => {
  const { model, asked } = modelOf([finish()]);
  const call = { type: 'tool-call', id: 's', name: 'search', text: '{}', isRunByProvider: true } as const;
  for (const providerData of [undefined, { other: {} }]) {
    const parts: ModelMessage['parts'] = [
      { ...call, providerData },
      { type: 'tool-result', call: 's', output: 'found' },
      { type: 'text', text: 'So.' },
    ];
    await collect(model.stream(requestOf({ messages: [{ role: 'assistant', parts }] })));
  }
  for (const { prompt } of asked) {
    expect(prompt.map(({ role }) => role)).toEqual(['assistant', 'tool', 'assistant']);
    expect(prompt[0]?.content[0]).not.toHaveProperty('providerExecuted');
  }
});

it.each([[[]], [[finish('interrupted')]], [[finish('error')]]])(
  'fails, in passing, where it ends with %j',
  async (parts) => {
    const { error } = await collect(modelOf(parts).model.stream(requestOf()));
    expect(error).toMatchObject({
      code: 'model-failed',
      message: expect.stringContaining('some/m'),
      details: { isTransient: true },
    });
  },
);

it('says all that is known of it', () => {
  expect(modelOf([]).model).toMatchObject({ id: 'some/m', name: 'M', demo: false, takesImages: true });
});
