// The API's requests that need a clock of their own; test/e2e/api.test.ts has the rest.
import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../engine/models/catalogue.ts';
import { createDemoModels } from '../engine/models/demo.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createVerbatim } from './server.ts';

interface Answer {
  readonly status: number;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- Whatever the server says is what is tested.
}

async function bench() {
  const clock = createFakeClock();
  const random = createSeededRandom(13);
  const log = createMemoryLog({ clock, random });
  const models = createCatalogue(createDemoModels({ clock }));
  const verbatim = await createVerbatim({ log, models, graceMs: 60_000 }, { clock, random });
  async function call(path: string, method = 'GET', body?: unknown): Promise<Answer> {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await verbatim.fetch(new Request(`http://localhost/api${path}`, init));
    return { status: response.status, body: await response.json() };
  }
  return { clock, verbatim, call };
}

const titles = ({ body }: Answer): string[] => body.conversations.map(({ title }: { title: string }) => title);

describe('the list of conversations', () => {
  it('is whole without a word, has pages where a limit is asked for, and can be searched', async () => {
    const { clock, verbatim, call } = await bench();
    for (const title of ['Tea', 'Coffee', 'Green tea', 'Water']) {
      await call('/conversations', 'POST', { title });
      await clock.advance(1);
    }
    const all = await call('/conversations');
    expect(titles(all)).toEqual(['Water', 'Green tea', 'Coffee', 'Tea']);
    expect(all.body.next).toBe(null);
    expect(all.body.conversations[0]).toEqual({
      id: expect.stringMatching(/^c_/),
      title: 'Water',
      createdAtMs: expect.any(Number),
      updatedAtMs: expect.any(Number),
    });
    const first = await call('/conversations?limit=3');
    expect(titles(first)).toEqual(['Water', 'Green tea', 'Coffee']);
    const second = await call(`/conversations?limit=3&page=${encodeURIComponent(first.body.next)}`);
    expect(titles(second)).toEqual(['Tea']);
    expect(second.body.next).toBe(null);
    expect(titles(await call('/conversations?q=TEA'))).toEqual(['Green tea', 'Tea']);
    expect(titles(await call('/conversations?q=tea+gr'))).toEqual(['Green tea']);
    expect(titles(await call('/conversations?q=&limit=&page='))).toHaveLength(4);
    await verbatim.close();
  });

  it.each([
    ['limit=0', 422, 'invalid-input', /limit/],
    ['limit=1001', 422, 'invalid-input', /limit/],
    ['limit=ten', 422, 'invalid-input', /limit: Expected a whole number/],
    ['limit=-1', 422, 'invalid-input', /limit/],
    [`q=${'x'.repeat(201)}`, 422, 'invalid-input', /q: /],
    [`page=${'1'.repeat(101)}`, 422, 'invalid-input', /page: /],
    ['page=nowhere', 400, 'page-token-invalid', /Expected the "next"/],
  ])('is refused with ?%s', async (query, status, code, detail) => {
    const { verbatim, call } = await bench();
    expect(await call(`/conversations?${query}`)).toMatchObject({
      status,
      body: { code, detail: expect.stringMatching(detail) },
    });
    await verbatim.close();
  });
});

it('events after a cursor within what became one entry begin with a snapshot', async () => {
  const { clock, verbatim, call } = await bench();
  const { body } = await call('/conversations', 'POST', { model: 'demo/echo' });
  const sent = await call(`/conversations/${body.id}/messages`, 'POST', { text: 'one two three four five' });
  await clock.advance(10 * 60_000);
  const events = async (after: number): Promise<string> => {
    const path = `http://localhost/api/conversations/${body.id}/events?after=${after}`;
    const reader = (await verbatim.fetch(new Request(path))).body?.getReader();
    await reader?.read(); // retry
    const { value } = (await reader?.read()) ?? {};
    await reader?.cancel();
    return new TextDecoder().decode(value);
  };
  const { offset } = sent.body;
  expect(await events(offset + 1)).toMatch(/^id: \S+\nevent: delta\ndata: .*one two three four five/);
  expect(await events(offset + 3)).toMatch(/^id: \S+\nevent: snapshot\ndata: .*one two three four five/);
  await verbatim.close();
});
