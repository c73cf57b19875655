// Every provider's real adapter against a real server that speaks the provider's format, byte by byte.
import { createOpenAI } from '@ai-sdk/openai';
import { describe, expect, it } from 'vitest';
import {
  collect,
  fixture,
  requestOf,
  said,
  startProvider,
  type Answer,
  type Provider,
} from '../../../test/support/provider.ts';
import type { Part } from '../../conversation/message.ts';
import type { Model, ModelMessage } from '../model.ts';
import { fromAiSdk } from './ai-sdk.ts';
import { createAnthropicProvider } from './anthropic.ts';
import { createGoogleProvider } from './google.ts';
import { createOpenAiProvider } from './openai.ts';

const apiKey = 'sk-test-0123456789abcdef';
const openAi = (url: string, more: object = {}): Model =>
  createOpenAiProvider({ id: 'openai', baseUrl: `${url}/v1`, apiKey, ...more }).model('gpt-5-test');

const counted = { inputTokens: 20, outputTokens: 12, cachedInputTokens: 8 };

interface Case {
  readonly name: string;
  /** The beginning of its fixtures' names. */
  readonly fixtures: string;
  readonly model: (url: string) => Model;
  readonly path: string;
  readonly usage: object;
  /** What is kept of the thoughts for the provider, where it signs them. */
  readonly providerData?: unknown;
  /** What a request with everything in it becomes. */
  readonly sent: object;
}

const image = 'iVBORw0KGgo=';
const weather = {
  name: 'get_weather',
  description: 'The weather of a city.',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
};

const chatSent = {
  stream: true,
  temperature: 0.5,
  top_p: 0.9,
  max_tokens: 100,
  seed: 7,
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is it?' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
        { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
      ],
    },
    {
      role: 'assistant',
      content: 'I look.',
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '{"degrees":21}' },
  ],
  tools: [{ type: 'function', function: { name: 'get_weather', parameters: weather.inputSchema } }],
};

const responsesSent = {
  stream: true,
  max_output_tokens: 100,
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'What is it?' },
        { type: 'input_image', image_url: `data:image/png;base64,${image}` },
        { type: 'input_image', image_url: 'https://example.com/cat.png' },
      ],
    },
    { role: 'assistant', content: [{ type: 'output_text', text: 'I look.' }] },
    { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"city":"Paris"}' },
    { type: 'function_call_output', call_id: 'call_1', output: '{"degrees":21}' },
  ],
  tools: [{ type: 'function', name: 'get_weather', parameters: weather.inputSchema }],
};

const cases: readonly Case[] = [
  {
    name: 'OpenAI Chat Completions',
    fixtures: 'chat',
    model: (url) => openAi(url),
    path: '/v1/chat/completions',
    usage: { ...counted, reasoningTokens: 5 },
    sent: { model: 'gpt-5-test', stream_options: { include_usage: true }, ...chatSent },
  },
  {
    name: 'Ollama',
    fixtures: 'ollama',
    model: (url) => createOpenAiProvider({ id: 'ollama', baseUrl: `${url}/v1` }).model('qwen3:0.6b'),
    path: '/v1/chat/completions',
    usage: { inputTokens: 20, outputTokens: 12 },
    sent: chatSent,
  },
  {
    name: 'llama.cpp',
    fixtures: 'llamacpp',
    model: (url) =>
      createOpenAiProvider({ id: 'llamacpp', baseUrl: `${url}/v1`, continuesPrefix: true }).model('tiny.gguf'),
    path: '/v1/chat/completions',
    usage: counted,
    sent: chatSent,
  },
  {
    name: 'OpenAI Responses in the background',
    fixtures: 'responses',
    model: (url) => openAi(url, { background: true }),
    path: '/v1/responses',
    usage: { ...counted, reasoningTokens: 5 },
    providerData: { openai: { reasoningEncryptedContent: 'gAAA==', model: 'gpt-5-test' } },
    sent: {
      ...responsesSent,
      background: true,
      store: true,
      instructions: 'Be brief.',
      reasoning: { summary: 'auto' },
      include: ['reasoning.encrypted_content'],
    },
  },
  {
    // Not among those that are brought along: any provider of the SDK's will do.
    name: 'OpenAI Responses by the AI SDK’s own provider',
    fixtures: 'responses',
    model: (url) =>
      fromAiSdk({
        info: { id: 'other/gpt-5', name: 'GPT-5', demo: false, continuesPrefix: false },
        load: () => createOpenAI({ baseURL: `${url}/v1`, apiKey }).responses('gpt-5'),
        source: { name: 'other', apiKey },
      }),
    path: '/v1/responses',
    usage: { ...counted, reasoningTokens: 5 },
    providerData: { openai: { itemId: 'rs_1', reasoningEncryptedContent: 'gAAA==' } },
    sent: { stream: true, max_output_tokens: 100, tools: responsesSent.tools },
  },
  {
    name: 'Anthropic Messages',
    fixtures: 'anthropic',
    model: (url) => createAnthropicProvider({ apiKey, baseUrl: url }).model('claude-haiku-4-5'),
    path: '/v1/messages',
    usage: counted,
    providerData: { anthropic: { signature: 'EqQB==' } },
    sent: {
      model: 'claude-haiku-4-5',
      stream: true,
      max_tokens: 100,
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } },
            { type: 'image', source: { type: 'url', url: 'https://example.com/cat.png' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: 'Paris' } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: '{"degrees":21}' }] },
      ],
      tools: [{ name: 'get_weather', description: weather.description, input_schema: weather.inputSchema }],
    },
  },
  {
    name: 'Google generateContent',
    fixtures: 'google',
    model: (url) => createGoogleProvider({ apiKey, baseUrl: `${url}/v1beta` }).model('gemini-3-test'),
    path: '/v1beta/models/gemini-3-test:streamGenerateContent?alt=sse',
    usage: { ...counted, reasoningTokens: 5 },
    sent: {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      generationConfig: { maxOutputTokens: 100, thinkingConfig: { includeThoughts: true } },
      contents: [
        {
          role: 'user',
          parts: [
            { text: 'What is it?' },
            { inlineData: { mimeType: 'image/png', data: image } },
            { fileData: { mimeType: 'image/png', fileUri: 'https://example.com/cat.png' } },
          ],
        },
        {
          role: 'model',
          parts: [{ text: 'I look.' }, { functionCall: { name: 'get_weather', args: { city: 'Paris' } } }],
        },
        { role: 'user', parts: [{ functionResponse: { name: 'get_weather' } }] },
      ],
      tools: [{ functionDeclarations: [{ name: 'get_weather', description: weather.description }] }],
    },
  },
];

const full: readonly ModelMessage[] = [
  {
    role: 'user',
    parts: [
      { type: 'text', text: 'What is it?' },
      { type: 'file', mediaType: 'image/png', data: image },
      { type: 'file', mediaType: 'image/png', url: 'https://example.com/cat.png' },
      { type: 'data', name: 'for-the-page', value: 1 },
    ],
  },
  {
    role: 'assistant',
    parts: [
      { type: 'text', text: 'I look.' },
      { type: 'tool-call', id: 'call_1', name: 'get_weather', text: '{"city":"Paris"}' },
      { type: 'tool-result', call: 'call_1', output: { degrees: 21 } },
    ],
  },
];

describe.each(cases)('$name', ({ fixtures, model, path, usage, providerData, sent }) => {
  const play = (kind: string, more: Partial<Answer> = {}): Promise<Provider> =>
    startProvider({ body: fixture(`${fixtures}-${kind}`), ...more });

  it.each([1, 7, 100_000])('gives its thoughts and its text, in pieces of %i bytes', async (sizeBytes) => {
    await using provider = await play('text', { sizeBytes });
    const { parts, error } = await collect(model(provider.url).stream(requestOf()));
    expect(error).toBeUndefined();
    expect(said(parts, 'reasoning')).toBe('Think first.');
    expect(said(parts)).toBe('Hello, wörld 🧑‍🚀!');
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stop', usage });
    const given = parts.find((part) => part.type === 'reasoning-end')?.providerData;
    expect(given).toEqual(providerData);
    expect(provider.received[0]).toMatchObject({ method: 'POST', path });
  });

  it('gives the call of a tool as its arguments come, and whole', async () => {
    await using provider = await play('tool', { sizeBytes: 50 });
    const { parts, error } = await collect(model(provider.url).stream(requestOf({ tools: [weather] })));
    expect(error).toBeUndefined();
    expect(said(parts)).toBe('Let me look.');
    const call = parts.find((part) => part.type === 'tool-call');
    expect(call).toMatchObject({ name: 'get_weather', text: '{"city":"Paris"}' });
    const deltas = parts.filter((part) => part.type === 'tool-call-delta');
    expect(deltas.map(({ text }) => text).join('')).toBe('{"city":"Paris"}');
    expect(new Set(deltas.map(({ id, name }) => `${id} ${name}`))).toEqual(new Set([`${call?.id} get_weather`]));
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'tool-calls', usage: { outputTokens: 12 } });
  });

  it('fails with its reason where it reports an error in the middle, after the text so far', async () => {
    await using provider = await play('error', { sizeBytes: 20 });
    const { parts, error } = await collect(model(provider.url).stream(requestOf()));
    expect(said(parts)).toBe('half');
    expect(error).toMatchObject({ code: 'model-failed', details: { isTransient: true } });
    expect(String(error)).toMatch(/overloaded|unexpected EOF|parse input|failed to generate/i);
  });

  it('says how long to wait where there are too many requests', async () => {
    const body = JSON.stringify({
      type: 'error',
      error: { message: 'Slow down', type: 'rate_limit_error', code: 429, status: 'X' },
    });
    await using provider = await startProvider({ status: 429, headers: { 'Retry-After': '3' }, body });
    const { parts, error } = await collect(model(provider.url).stream(requestOf()));
    expect(parts).toEqual([]);
    expect(error).toMatchObject({
      code: 'model-failed',
      message: expect.stringMatching(/HTTP 429.*Slow down/),
      details: { status: 429, isTransient: true, retryAfterMs: 3_000 },
    });
    expect(provider.received).toHaveLength(1);
  });

  it('fails, in passing, where the connection is cut in the middle or the stream ends without its end', async () => {
    const text = fixture(`${fixtures}-text`);
    const body = text.slice(0, text.indexOf('Hello, ') + 7);
    const half = body + text.slice(body.length, text.indexOf('\n\n', body.length) + 2);
    for (const end of ['cut', 'end'] as const) {
      await using provider = await startProvider({ body: half, end });
      const { parts, error } = await collect(model(provider.url).stream(requestOf()));
      expect(said(parts)).toBe('Hello, ');
      expect(error).toMatchObject({ code: 'model-failed', details: { isTransient: true } });
    }
  });

  it('sends system, files, tools, results and settings in its format', async () => {
    await using provider = await play('text');
    const settings = { temperature: 0.5, topP: 0.9, maxOutputTokens: 100, seed: 7 };
    const request = requestOf({ system: 'Be brief.', messages: full, tools: [weather], settings });
    expect((await collect(model(provider.url).stream(request))).error).toBeUndefined();
    expect(provider.received[0]?.body).toMatchObject(sent);
  });

  it('rejects with the reason of the stop, and ends its request', async () => {
    const stop = new AbortController();
    const text = fixture(`${fixtures}-text`);
    await using provider = await startProvider(
      { body: text.slice(0, text.indexOf('wörld')), end: 'stay', onSent: () => stop.abort(new Error('stopped')) },
      { body: '{}' },
    );
    const { error } = await collect(model(provider.url).stream(requestOf({ signal: stop.signal })));
    expect(error).toEqual(new Error('stopped'));
    await provider.received[0]?.closed;
  });
});

it.each([
  [
    'anthropic',
    (url: string) => createAnthropicProvider({ apiKey, baseUrl: url }).model('claude-haiku-4-5'),
    '{"type":"thinking","thinking":"So.","signature":"EqQB=="}',
  ],
  [
    'google',
    (url: string) => createGoogleProvider({ apiKey, baseUrl: url }).model('gemini-3-test'),
    '"thoughtSignature":"EqQB=="',
  ],
] as const)('gives %s back what it signed, and no other', async (name, model, expected) => {
  await using provider = await startProvider({ body: fixture(`${name}-text`) });
  const thought = (providerData: unknown): Part => ({ type: 'reasoning', text: 'So.', providerData });
  const own =
    name === 'anthropic' ? { anthropic: { signature: 'EqQB==' } } : { google: { thoughtSignature: 'EqQB==' } };
  const messages: ModelMessage[] = [
    { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
    { role: 'assistant', parts: [thought(own), { type: 'text', text: 'Ho' }] },
    { role: 'assistant', parts: [thought({ other: { signature: 'foreign' } }), { type: 'text', text: 'Ho' }] },
    { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
  ];
  await collect(model(provider.url).stream(requestOf({ messages })));
  const body = JSON.stringify(provider.received[0]?.body);
  expect(body).toContain(expected);
  expect(body).not.toContain('foreign');
  expect(body.split('So.')).toHaveLength(2);
});

it('keeps thoughts that Anthropic does not show, to give them back', async () => {
  await using provider = await startProvider({ body: fixture('anthropic-hidden') });
  const model = createAnthropicProvider({ apiKey, baseUrl: provider.url }).model('claude-haiku-4-5');
  const { parts } = await collect(model.stream(requestOf()));
  const providerData = { anthropic: { redactedData: 'EmwK==' } };
  expect(parts[0]).toEqual({ type: 'part', part: { type: 'reasoning', text: '', providerData } });
});
