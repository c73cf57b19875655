// Answers that OpenAI writes in the background: taken up, cancelled, or not to be had.
import { expect, it } from 'vitest';
import { collect, fixture, requestOf, said, startProvider } from '../../../test/support/provider.ts';
import { StreamError } from '../../core/errors.ts';
import type { Model, ModelMessage } from '../model.ts';
import { createOpenAiProvider } from './openai.ts';

function modelAt(url: string, name = 'gpt-5-test'): Model {
  return createOpenAiProvider({
    id: 'openai',
    baseUrl: `${url}/v1`,
    apiKey: 'sk-0123456789abcdef',
    background: true,
  }).model(name);
}

const events = fixture('responses-text').split(/(?<=\n\n)/);
const cutAt = events.findIndex((event) => event.includes('wörld'));
const refusal = (message: string): string => JSON.stringify({ error: { message, type: 'invalid_request_error' } });

it('takes up an answer that was cut, exactly behind the last piece', async () => {
  await using provider = await startProvider(
    { body: events.slice(0, cutAt).join(''), sizeBytes: 9, end: 'cut' },
    { body: events.slice(cutAt).join(''), sizeBytes: 9 },
  );
  const model = modelAt(provider.url);
  expect(model.reattaches).toBe(true);
  const first = await collect(model.stream(requestOf()));
  expect(first.parts[0]).toEqual({ type: 'started', id: 'resp_1' });
  expect(first.error).toMatchObject({ code: 'model-failed', details: { isTransient: true } });
  const last = first.parts.at(-1);
  const mark = last?.type === 'text' ? last.mark : undefined;
  expect(mark).toBe(String(cutAt - 1));
  const rest = await collect(model.stream(requestOf({ reattach: { id: 'resp_1', mark } })));
  expect(said(first.parts) + said(rest.parts)).toBe('Hello, wörld 🧑‍🚀!');
  expect(rest.parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
  expect(provider.received[1]).toMatchObject({
    method: 'GET',
    path: `/v1/responses/resp_1?stream=true&starting_after=${mark}`,
    headers: { authorization: 'Bearer sk-0123456789abcdef' },
  });
});

it('takes up from the beginning what was cut before its first piece, and says nothing of its start again', async () => {
  await using provider = await startProvider({ body: events.join('') });
  const { parts } = await collect(
    modelAt(provider.url).stream(requestOf({ reattach: { id: 'resp_1', mark: undefined } })),
  );
  expect(provider.received[0]?.path).toBe('/v1/responses/resp_1?stream=true');
  expect(parts[0]).toMatchObject({ type: 'reasoning', text: 'Think ' });
});

it('fails for good where the answer is not kept any more', async () => {
  await using provider = await startProvider({ status: 404, body: refusal('Response with id resp_1 not found.') });
  const { error } = await collect(modelAt(provider.url).stream(requestOf({ reattach: { id: 'resp_1', mark: '4' } })));
  expect(error).toMatchObject({ code: 'model-failed', details: { status: 404, isTransient: false } });
  expect(provider.received).toHaveLength(1);
});

it.each([
  ['is cancelled where a person stops it', new DOMException('Stopped', 'AbortError'), true],
  ['goes on where the server shuts down', new StreamError('shutting-down', 'Bye.'), false],
  ['goes on where another process has it', new StreamError('lease-lost', 'Lost.'), false],
])('an answer %s', async (_, reason, isCancelled) => {
  const stop = new AbortController();
  await using provider = await startProvider({ body: events.slice(0, cutAt).join(''), end: 'stay' }, { body: '{}' });
  const reading = (async () => {
    for await (const part of modelAt(provider.url).stream(requestOf({ signal: stop.signal }))) {
      if (part.type === 'text') stop.abort(reason);
    }
  })();
  await expect(reading).rejects.toBe(reason);
  await provider.received[0]?.closed;
  const asked = provider.received.map(({ method, path }) => `${method} ${path}`);
  const cancelled = isCancelled ? ['POST /v1/responses/resp_1/cancel'] : [];
  expect(asked).toEqual(['POST /v1/responses', ...cancelled]);
});

it('an answer is cancelled also where it is stopped between two pieces', async () => {
  await using provider = await startProvider({ body: events.slice(0, cutAt).join(''), end: 'stay' }, { body: '{}' });
  const stop = new AbortController();
  for await (const part of modelAt(provider.url).stream(requestOf({ signal: stop.signal }))) {
    if (part.type !== 'text') continue;
    stop.abort(new DOMException('Stopped', 'AbortError'));
    break;
  }
  expect(provider.received[1]?.path).toBe('/v1/responses/resp_1/cancel');
});

it('is asked without the background where that is refused, and from then on', async () => {
  const refused = { status: 400, body: refusal('Background mode is not supported with zero data retention.') };
  await using provider = await startProvider(refused, { body: events.join('') });
  const model = modelAt(provider.url);
  for (const count of [2, 3]) {
    const { parts, error } = await collect(model.stream(requestOf()));
    expect(error).toBeUndefined();
    expect(parts[0]?.type).toBe('reasoning');
    expect(provider.received).toHaveLength(count);
    const body = provider.received[count - 1]?.body;
    expect(body).toMatchObject({ store: false, stream: true });
    expect(body).not.toHaveProperty('background');
  }
});

it('is asked without a summary of its thoughts where that is refused', async () => {
  const refused = { status: 400, body: refusal('Your organization must be verified to generate reasoning summaries.') };
  await using provider = await startProvider(refused, { body: events.join('') });
  await collect(modelAt(provider.url).stream(requestOf({ settings: { reasoning: 'low' } })));
  const asked = provider.received.map(({ body }) => body);
  expect(asked[0]).toMatchObject({ background: true, reasoning: { effort: 'low', summary: 'auto' } });
  expect(asked[1]).toMatchObject({ background: true, reasoning: { effort: 'low' } });
  expect(asked[1]).not.toHaveProperty('reasoning.summary');
});

it('is asked in the background again where it was another thing that was refused', async () => {
  const refused = { status: 400, body: refusal('The context is too long.') };
  await using provider = await startProvider(refused, refused, { body: events.join('') });
  const model = modelAt(provider.url);
  const { error } = await collect(model.stream(requestOf()));
  expect(error).toMatchObject({ message: expect.stringContaining('The context is too long.') });
  await collect(model.stream(requestOf()));
  expect(provider.received[2]?.body).toMatchObject({ background: true });
});

it('gives its thoughts back to the same model, where something was thought for', async () => {
  await using provider = await startProvider({ body: events.join('') });
  const thought = (content: string, model: string) =>
    ({ type: 'reasoning', text: '', providerData: { openai: { reasoningEncryptedContent: content, model } } }) as const;
  const messages: ModelMessage[] = [
    {
      role: 'assistant',
      parts: [
        thought('own', 'gpt-5-test'),
        thought('foreign', 'o3'),
        { type: 'text', text: 'Ho' },
        thought('in vain', 'gpt-5-test'),
      ],
    },
    { role: 'user', parts: [{ type: 'file', mediaType: 'application/pdf', name: 'a.pdf', data: 'JVBERg==' }] },
  ];
  await collect(modelAt(provider.url).stream(requestOf({ messages })));
  expect(provider.received[0]?.body).toMatchObject({
    input: [
      { type: 'reasoning', encrypted_content: 'own', summary: [] },
      { role: 'assistant', content: [{ type: 'output_text', text: 'Ho' }] },
      {
        role: 'user',
        content: [{ type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERg==' }],
      },
    ],
  });
});

it('sends no temperature to models that think, and the least effort that each of them knows', async () => {
  await using provider = await startProvider({ body: events.join('') });
  const settings = { temperature: 0.5, reasoning: 'none' } as const;
  for (const name of ['gpt-5-mini', 'gpt-5.1', 'o4-mini', 'gpt-4.1']) {
    await collect(modelAt(provider.url, name).stream(requestOf({ settings })));
  }
  const asked = provider.received.map(({ body }) => (body as { reasoning?: { effort: string } }).reasoning?.effort);
  expect(asked).toEqual(['minimal', 'none', 'low', undefined]);
  await collect(modelAt(provider.url, 'o3').stream(requestOf({ settings: { temperature: 0.5 } })));
  expect(provider.received[4]?.body).not.toHaveProperty('temperature');
  expect(provider.received[3]?.body).toHaveProperty('temperature', 0.5);
});

it.each([
  ['max_output_tokens', 'length'],
  ['content_filter', 'content-filter'],
])('passes on that it is incomplete for %s as %s', async (given, expected) => {
  const end = { type: 'response.incomplete', response: { incomplete_details: { reason: given } } };
  await using provider = await startProvider({ body: `data: ${JSON.stringify(end)}\n\n` });
  const { parts } = await collect(modelAt(provider.url).stream(requestOf()));
  expect(parts).toEqual([{ type: 'finish', reason: expected, usage: {} }]);
});
