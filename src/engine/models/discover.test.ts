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
const demos = ['demo/tour', 'demo/echo', 'demo/count'];

it('finds the demo models where there is nothing else, marked as such', async () => {
  const found = await discoverModels({ env: {}, ollamaUrl: await nowhere(), llamaCppUrl: await nowhere() });
  expect(ids(found)).toEqual(demos);
  expect(found.catalogue.list().every(({ demo }) => demo)).toBe(true);
  expect(found.warnings).toEqual([]);
});

it('finds the models of Ollama and of llama.cpp', async () => {
  const ollamaUrl = await serve({ '/api/tags': { models: [{ name: 'llama3.2:1b' }] } });
  const llamaCppUrl = await serve({ '/v1/models': { data: [{ id: '/models/tiny.gguf', owned_by: 'llamacpp' }] } });
  const found = await discoverModels({ env: {}, ollamaUrl, llamaCppUrl });
  expect(ids(found)).toEqual([...demos, 'ollama/llama3.2:1b', 'llamacpp/tiny.gguf']);
  expect(found.catalogue.find('ollama/llama3.2:1b')?.demo).toBe(false);
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
