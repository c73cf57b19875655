import { describe, expect, it } from 'vitest';
import type { Model } from '../engine/model.ts';
import { createCatalogue } from '../engine/models/catalogue.ts';
import { createDemoModels } from '../engine/models/demo.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import type { Log } from '../log/log.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createVerbatim, type VerbatimOptions } from './server.ts';

async function bench(change: (log: Log) => Log = (log) => log, options: Partial<VerbatimOptions> = {}) {
  const clock = createFakeClock();
  const random = createSeededRandom(21);
  const log = createMemoryLog({ clock, random });
  const models = createCatalogue(createDemoModels({ clock }));
  const verbatim = await createVerbatim({ log: change(log), models, ...options }, { clock, random });
  const request = (path: string, init?: RequestInit) =>
    verbatim.fetch(new Request(`http://localhost/api${path}`, init));
  const post = (path: string, body: object, headers = {}) =>
    request(path, { method: 'POST', body: JSON.stringify(body), headers });
  const created = (await (await post('/conversations', { model: 'demo/count' })).json()) as { id: string };
  return { clock, verbatim, request, post, path: `/conversations/${created.id}` };
}

/** Whether it has settled, and how. */
function watch(promise: Promise<unknown>) {
  const watched = { state: 'pending' };
  promise.then(
    () => (watched.state = 'resolved'),
    () => (watched.state = 'rejected'),
  );
  return watched;
}

describe('close', () => {
  it('ends every stream with bye, without an id, and leaves the runs', async () => {
    const { clock, verbatim, request, post, path } = await bench();
    const answer = (await post(`${path}/messages`, { text: 'go' }, { Accept: 'text/event-stream' })).text();
    const events = (await request(`${path}/events`)).text();
    await clock.advance(2_500);
    const closed = watch(verbatim.close());
    await clock.advance(1);
    expect(closed.state).toBe('resolved');
    for (const text of [await answer, await events]) {
      expect(text).toMatch(/\n\nid: \S+\nevent: delta\ndata: .*Count: \[2\].*\n\nevent: bye\ndata: \{\}\n\n$/);
      expect(text).not.toContain('stopped');
    }
    expect(clock.pending).toBe(0);
  });

  it('refuses what comes afterwards, and says when to come back', async () => {
    const { verbatim, request, post, path } = await bench();
    await verbatim.close();
    for (const response of [await request(`${path}/events`), await post(`${path}/messages`, { text: 'x' })]) {
      expect(response.status).toBe(503);
      expect(response.headers.get('Retry-After')).toBe('1');
      expect(await response.json()).toMatchObject({ code: 'shutting-down' });
    }
    expect((await verbatim.fetch(new Request('http://localhost/healthz'))).status).toBe(200);
  });

  it('is over after drainMs, though a reader takes nothing and the store hangs', async () => {
    let isHanging = false;
    const hang = (log: Log): Log => ({
      ...log,
      append: (...given) => (isHanging ? new Promise(() => undefined) : log.append(...given)),
    });
    const { clock, verbatim, request, post, path } = await bench(hang, { drainMs: 4_000 });
    const stalled = await request(`${path}/events`);
    await post(`${path}/messages`, { text: 'go' });
    isHanging = true;
    await clock.advance(1_500);
    const closed = watch(verbatim.close());
    expect(verbatim.close()).toBe(verbatim.close());
    await clock.advance(3_999);
    expect(closed.state).toBe('pending');
    await clock.advance(1);
    expect(closed.state).toBe('resolved');
    await stalled.body?.cancel();
  });
});

it('hands the engine what it is given', async () => {
  const asked: string[] = [];
  const caller: Model = {
    id: 'test/caller',
    name: 'Caller',
    demo: false,
    continuesPrefix: false,
    async *stream({ tools, messages }) {
      await Promise.resolve();
      asked.push(...tools.map(({ name }) => name));
      if (messages.at(-1)?.parts.at(-1)?.type !== 'tool-result') {
        yield { type: 'tool-call', id: 'c1', name: 'add', text: '{"a":1,"b":2}' };
        yield { type: 'finish', reason: 'tool-calls' };
      } else {
        yield { type: 'text', text: '3' };
        yield { type: 'finish', reason: 'stop' };
      }
    },
  };
  const add = {
    name: 'add',
    description: 'Adds two numbers.',
    inputSchema: { type: 'object' },
    execute: async ({ a, b }: Readonly<Record<string, unknown>>) => await Promise.resolve(Number(a) + Number(b)),
  };
  const options = { models: createCatalogue([caller]), tools: [add], defaultModel: 'test/caller', titles: false };
  const clock = createFakeClock();
  const log = createMemoryLog({ clock, random: createSeededRandom(1) });
  const verbatim = await createVerbatim({ log, ...options, limits: { maxTextLength: 5 } }, { clock });
  const post = (path: string, body: object) =>
    verbatim.fetch(new Request(`http://localhost/api${path}`, { method: 'POST', body: JSON.stringify(body) }));
  const { id } = (await (await post('/conversations', {})).json()) as { id: string };
  expect((await post(`/conversations/${id}/messages`, { text: 'longer' })).status).toBe(422);
  await post(`/conversations/${id}/messages`, { text: '1 + 2' });
  await clock.advance(1_000);
  const state = await (await verbatim.fetch(new Request(`http://localhost/api/conversations/${id}`))).json();
  expect(state).toMatchObject({
    messages: [
      {},
      {
        parts: [
          { type: 'tool-call', id: 'c1', name: 'add', text: '{"a":1,"b":2}' },
          { type: 'tool-result', call: 'c1', output: 3 },
          { type: 'text', text: '3' },
        ],
      },
    ],
  });
  expect(asked).toEqual(['add', 'add']);
  await verbatim.close();
});
