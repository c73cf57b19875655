// The real adapter against a real server that speaks OpenAI's streaming format, byte by byte.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ModelPart } from '../model.ts';
import { createOpenAiProvider } from './openai.ts';

type Answer = (response: ServerResponse, request: IncomingMessage, body: string) => void | Promise<void>;

let server: Server | undefined;

afterEach(async () => {
  if (server === undefined) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  server = undefined;
});

async function serve(answer: Answer): Promise<string> {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => (body += text));
    request.on('end', () => void answer(response, request, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`; // Listening on TCP.
}

const apiKey = 'sk-test-0123456789abcdef';

async function ask(baseUrl: string, signal: AbortSignal = new AbortController().signal): Promise<ModelPart[]> {
  const model = createOpenAiProvider({ id: 'openai', baseUrl, apiKey }).model('gpt-test');
  const parts: ModelPart[] = [];
  const messages = [{ role: 'user', text: 'Hello' }] as const;
  for await (const part of model.stream({ messages, prefix: '', signal })) parts.push(part);
  return parts;
}

function chunk(delta: object, more: object = {}): object {
  const choices = [{ index: 0, delta, finish_reason: null, ...more }];
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-test', choices };
}

const usage = {
  ...chunk({}),
  choices: [],
  usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
};

function lines(...events: Array<object | string>): string {
  return events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('');
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
}

/** Sends the bytes with a flush between any two, so that the client reads them apart. */
async function drip(response: ServerResponse, bytes: Buffer, sizeBytes: number): Promise<void> {
  for (let start = 0; start < bytes.length; start += sizeBytes) {
    await new Promise<void>((resolve) => response.write(bytes.subarray(start, start + sizeBytes), () => resolve()));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

const textOf = (parts: readonly ModelPart[]): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

describe('an OpenAI-compatible endpoint', () => {
  it('gives its text, why it ended and what it took', async () => {
    let sent: unknown;
    let authorization: string | undefined;
    const baseUrl = await serve((response, request, body) => {
      sent = JSON.parse(body);
      ({ authorization } = request.headers);
      begin(response);
      response.end(
        lines(
          chunk({ role: 'assistant', content: '' }),
          chunk({ content: 'Hel' }),
          chunk({ content: 'lo!' }),
          chunk({}, { finish_reason: 'stop' }),
          usage,
          '[DONE]',
        ),
      );
    });
    expect(await ask(baseUrl)).toEqual([
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo!' },
      { type: 'finish', reason: 'stop', usage: { inputTokens: 9, outputTokens: 4 } },
    ]);
    expect(sent).toMatchObject({ model: 'gpt-test', stream: true, stream_options: { include_usage: true } });
    expect(sent).toMatchObject({ messages: [{ role: 'user', content: 'Hello' }] });
    expect(authorization).toBe(`Bearer ${apiKey}`);
  });

  it.each([
    ['length', 'length'],
    ['content_filter', 'content-filter'],
    ['something_new', 'other'],
  ])('passes on the finish reason %s as %s', async (given, expected) => {
    const baseUrl = await serve((response) => {
      begin(response);
      response.end(lines(chunk({ content: 'x' }), chunk({}, { finish_reason: given }), '[DONE]'));
    });
    expect((await ask(baseUrl)).at(-1)).toMatchObject({ type: 'finish', reason: expected });
  });

  it.each([1, 2, 3, 7])('puts characters together that arrive in pieces of %i bytes', async (sizeBytes) => {
    const text = 'žluť 東京 🧑‍🚀🇪🇺 \r\n end';
    const baseUrl = await serve(async (response) => {
      begin(response);
      const events = [
        ...[...text].map((character) => chunk({ content: character })),
        chunk({}, { finish_reason: 'stop' }),
      ];
      await drip(response, Buffer.from(lines(...events, '[DONE]')), sizeBytes);
      response.end();
    });
    expect(textOf(await ask(baseUrl))).toBe(text);
  });

  it('keeps a surrogate pair that the provider splits between two pieces', async () => {
    const baseUrl = await serve((response) => {
      begin(response);
      const half = (escape: string) => JSON.stringify(chunk({ content: 'X' })).replace('"X"', `"${escape}"`);
      response.end(lines(half('\\ud83d'), half('\\ude00'), chunk({}, { finish_reason: 'stop' }), '[DONE]'));
    });
    expect(textOf(await ask(baseUrl))).toBe('😀');
  });

  it('fails with the provider’s reason where it reports an error in mid-stream, after the text so far', async () => {
    const baseUrl = await serve((response) => {
      begin(response);
      response.end(
        lines(chunk({ content: 'half' }), {
          error: { message: 'The server is overloaded', type: 'server_error', code: null },
        }),
      );
    });
    const model = createOpenAiProvider({ id: 'openai', baseUrl, apiKey }).model('gpt-test');
    const stream = model.stream({
      messages: [{ role: 'user', text: 'Hi' }],
      prefix: '',
      signal: new AbortController().signal,
    });
    const iterator = stream[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toEqual({ type: 'text', text: 'half' });
    await expect(iterator.next()).rejects.toMatchObject({
      code: 'model-failed',
      message: expect.stringContaining('The server is overloaded'),
    });
  });

  it('fails where the connection is cut, or the stream ends without its end', async () => {
    const cut = await serve(async (response) => {
      begin(response);
      await drip(response, Buffer.from(lines(chunk({ content: 'half' }))), 1_000);
      response.destroy();
    });
    await expect(ask(cut)).rejects.toMatchObject({ code: 'model-failed' });
    server?.removeAllListeners('request');
    server?.on('request', (_request, response: ServerResponse) => {
      begin(response);
      response.end(lines(chunk({ content: 'half' })));
    });
    await expect(ask(cut)).rejects.toMatchObject({ code: 'model-failed' });
  });

  it('fails with status and reason where it refuses, without the key in either', async () => {
    const baseUrl = await serve((response) => {
      response.writeHead(401, { 'Content-Type': 'application/json' });
      response.end(
        JSON.stringify({
          error: { message: `Incorrect API key provided: ${apiKey} (sk-tes**cdef)`, type: 'invalid_request_error' },
        }),
      );
    });
    const failure: unknown = await ask(baseUrl).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'model-failed',
      message: expect.stringMatching(/HTTP 401.*Incorrect API key provided: \[key\] \(\[key\]\)/),
    });
  });

  it('says where nothing listens', async () => {
    const baseUrl = await serve(() => undefined);
    server?.close();
    await expect(ask(baseUrl)).rejects.toMatchObject({
      code: 'model-failed',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('ends its request to the provider when the answer is stopped', async () => {
    const closed = Promise.withResolvers<void>();
    const stop = new AbortController();
    const baseUrl = await serve((response) => {
      response.on('close', () => closed.resolve());
      begin(response);
      response.write(lines(chunk({ content: 'on and on' })), () => stop.abort(new Error('stopped')));
    });
    await expect(ask(baseUrl, stop.signal)).rejects.toThrow('stopped');
    await closed.promise;
  });
});
