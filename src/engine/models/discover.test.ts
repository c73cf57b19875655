import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { discoverModels } from './discover.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

/** A server that answers these paths with this JSON, and everything else with 404. */
async function serve(answers: Record<string, unknown>): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const answer = answers[url];
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer));
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // Listening on TCP.
}

async function nowhere(): Promise<string> {
  const url = await serve({});
  servers.pop()?.close();
  return url;
}

const ids = (found: Awaited<ReturnType<typeof discoverModels>>): string[] => found.catalogue.list().map(({ id }) => id);
const demos = ['demo/tour', 'demo/echo', 'demo/count', 'demo/tools'];

it('finds the demo models where there is nothing else, marked as such', async () => {
  const found = await discoverModels({ env: {}, ollamaUrl: await nowhere(), llamaCppUrl: await nowhere() });
  expect(ids(found)).toEqual(demos);
  expect(found.catalogue.list().every(({ demo }) => demo)).toBe(true);
  expect(found.warnings).toEqual([]);
});

it('finds the models of Ollama and of llama.cpp, with what they can do', async () => {
  const ollamaUrl = await serve({
    '/api/tags': { models: [{ name: 'llama3.2:1b' }] },
    '/api/show': { capabilities: ['completion', 'tools'] },
  });
  const llamaCppUrl = await serve({
    '/v1/models': { data: [{ id: '/models/tiny.gguf', owned_by: 'llamacpp' }] },
    '/props': { modalities: { vision: true, audio: false } },
  });
  const found = await discoverModels({ env: {}, ollamaUrl, llamaCppUrl });
  expect(ids(found)).toEqual([...demos, 'ollama/llama3.2:1b', 'llamacpp/tiny.gguf']);
  expect(found.catalogue.list().slice(-2)).toEqual([
    expect.objectContaining({
      demo: false,
      takesImages: false,
      callsTools: true,
      reasons: false,
      continuesPrefix: false,
    }),
    expect.objectContaining({ takesImages: true, callsTools: undefined, continuesPrefix: true }),
  ]);
  expect(found.catalogue.find('ollama/llama3.2:1b')?.demo).toBe(false);
});

it('lists the models of Anthropic and Google, with what they can do', async () => {
  const quiet = await nowhere();
  const anthropicUrl = await serve({
    '/v1/models?limit=1000': {
      data: [
        {
          type: 'model',
          id: 'claude-sonnet-5',
          display_name: 'Claude Sonnet 5',
          capabilities: { thinking: { supported: true } },
        },
        { type: 'model', id: 'claude-haiku-4-5' },
      ],
    },
  });
  const googleUrl = await serve({
    '/v1beta/models?pageSize=1000': {
      models: [
        {
          name: 'models/gemini-3-pro',
          displayName: 'Gemini 3 Pro',
          thinking: true,
          supportedGenerationMethods: ['generateContent'],
        },
        { name: 'models/gemini-3-tts', supportedGenerationMethods: ['generateContent'] },
        { name: 'models/embedding-001', supportedGenerationMethods: ['embedContent'] },
      ],
    },
  });
  const found = await discoverModels({
    env: {
      ANTHROPIC_API_KEY: 'k',
      ANTHROPIC_BASE_URL: anthropicUrl,
      GEMINI_API_KEY: 'k',
      VERBATIM_GGUF: '/m/tiny.gguf',
    },
    googleUrl: `${googleUrl}/v1beta`,
    ollamaUrl: quiet,
    llamaCppUrl: quiet,
  });
  expect(found.warnings).toEqual([]);
  expect(found.catalogue.list().slice(demos.length)).toMatchObject([
    { id: 'anthropic/claude-sonnet-5', name: 'Claude Sonnet 5', reasons: true, continuesPrefix: false },
    { id: 'anthropic/claude-haiku-4-5', name: 'claude-haiku-4-5', continuesPrefix: true },
    { id: 'google/gemini-3-pro', name: 'Gemini 3 Pro', reasons: true, takesImages: true },
    { id: 'gguf/tiny' },
  ]);
  expect(found.catalogue.find('google/not-listed')?.id).toBe('google/not-listed');
});

it('warns where Anthropic or Google give no list', async () => {
  const quiet = await nowhere();
  const env = { ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: quiet, GOOGLE_GENERATIVE_AI_API_KEY: 'k' };
  const found = await discoverModels({ env, googleUrl: quiet, ollamaUrl: quiet, llamaCppUrl: quiet });
  expect(found.warnings).toEqual([
    expect.stringContaining('--model anthropic/<name>'),
    expect.stringContaining('--model google/<name>'),
  ]);
  expect(found.catalogue.find('anthropic/claude-x')).toBeDefined();
});

it('takes nobody else on their ports for them, nor itself', async () => {
  const other = await serve({ '/v1/models': { data: [{ id: 'x', owned_by: 'somebody' }] }, '/api/tags': [1, 2] });
  const own = await serve({ '/v1/models': { data: [{ id: 'x', owned_by: 'llamacpp' }] } });
  expect(ids(await discoverModels({ env: {}, ollamaUrl: other, llamaCppUrl: other }))).toEqual(demos);
  const ownPort = Number(new URL(own).port);
  expect(ids(await discoverModels({ env: {}, ollamaUrl: other, llamaCppUrl: own, ownPort }))).toEqual(demos);
});

it('lists what the endpoint in the environment lists, and takes any name for it', async () => {
  const url = await serve({ '/v1/models': { data: [{ id: 'b' }, { id: 'a' }] } });
  const quiet = await nowhere();
  const env = { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: 'k' };
  const found = await discoverModels({ env, ollamaUrl: quiet, llamaCppUrl: quiet });
  expect(ids(found)).toEqual([...demos, 'openai/a', 'openai/b']);
  expect(found.catalogue.find('openai/not-listed')?.id).toBe('openai/not-listed');
  expect(found.catalogue.find('openai/')).toBeUndefined();
  expect(found.catalogue.find('elsewhere/a')).toBeUndefined();
});

it('warns, and still takes any name, where the endpoint lists nothing', async () => {
  const quiet = await nowhere();
  const found = await discoverModels({ env: { OPENAI_BASE_URL: `${quiet}/v1` }, ollamaUrl: quiet, llamaCppUrl: quiet });
  expect(ids(found)).toEqual(demos);
  expect(found.warnings).toEqual([expect.stringContaining('--model openai/<name>')]);
  expect(found.catalogue.find('openai/x')).toBeDefined();
  const wrong = await discoverModels({
    env: { OPENAI_BASE_URL: 'not an address' },
    ollamaUrl: quiet,
    llamaCppUrl: quiet,
  });
  expect(wrong.warnings).toEqual([expect.stringContaining('not an address')]);
});
