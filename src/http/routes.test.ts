// The API's requests that need a clock of their own; test/e2e/api.test.ts has the rest.
import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../engine/models/catalogue.ts';
import { createDemoModels } from '../engine/models/demo.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createVerbatim, type VerbatimOptions } from './server.ts';

// oxlint-disable typescript/no-explicit-any -- Whatever the server says is what is tested.

interface Answer {
  readonly status: number;
  readonly body: any;
}

async function bench(options: Partial<VerbatimOptions> = {}) {
  const clock = createFakeClock();
  const random = createSeededRandom(13);
  const log = createMemoryLog({ clock, random });
  const models = createCatalogue(createDemoModels({ clock }));
  const verbatim = await createVerbatim({ log, models, graceMs: 60_000, ...options }, { clock, random });

  async function call(path: string, method = 'GET', body?: unknown, headers = {}): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const init = body === undefined ? { method, headers } : { method, headers, body: text };
    const response = await verbatim.fetch(new Request(`http://localhost/api${path}`, init));
    const answer = await response.text();
    return { status: response.status, body: answer === '' ? undefined : JSON.parse(answer) };
  }

  /** The path of a new conversation. */
  async function create(model = 'demo/echo'): Promise<string> {
    return `/conversations/${(await call('/conversations', 'POST', { model })).body.id}`;
  }

  /** A message of a person and its answer, which has ended. */
  async function say(path: string, body: object): Promise<any> {
    const sent = await call(`${path}/messages`, 'POST', body);
    await clock.advance(1_000);
    return sent.body;
  }
  return { clock, log, verbatim, call, create, say };
}

const key = (name: string) => ({ 'Idempotency-Key': name });

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

describe('a conversation', () => {
  it('is created with a system prompt and settings', async () => {
    const { verbatim, call } = await bench();
    const asked = { title: 'Tea', model: 'demo/echo', system: 'Be brief.', settings: { temperature: 0.5, seed: 7 } };
    const created = await call('/conversations', 'POST', asked);
    expect(created).toMatchObject({ status: 201, body: { ...asked, leaf: null, deletedAtMs: null } });
    expect((await call(`/conversations/${created.body.id}`)).body).toEqual(created.body);
    await verbatim.close();
  });

  it('changes in what is given alone, once for each Idempotency-Key', async () => {
    const { verbatim, call, create } = await bench();
    const path = await create();
    const change = { title: 'Coffee', model: 'demo/tour', system: 'Be long.', settings: { maxOutputTokens: 10 } };
    const changed = await call(path, 'PATCH', change, key('one'));
    expect(changed).toMatchObject({ status: 200, body: change });
    const renamed = await call(path, 'PATCH', { title: 'Water' });
    expect(renamed.body).toMatchObject({ ...change, title: 'Water' });
    expect(await call(path, 'PATCH', change, key('one'))).toEqual(renamed);
    expect(await call(path, 'PATCH', { title: 'Milk' }, key('one'))).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect((await call('/conversations')).body.conversations[0].title).toBe('Water');
    await verbatim.close();
  });

  it.each([
    ['nothing', {}, 'invalid-input', /Expected something to change/],
    ['an empty title', { title: ' ' }, 'invalid-input', /Expected a title/],
    ['an unknown field', { name: 'x' }, 'invalid-input', /name/],
    ['an unknown setting', { settings: { heat: 1 } }, 'invalid-input', /heat/],
    ['a setting out of range', { settings: { temperature: 3 } }, 'invalid-input', /temperature/],
    ['a part of a token', { settings: { maxOutputTokens: 1.5 } }, 'invalid-input', /maxOutputTokens/],
    ['an unknown model', { model: 'no/such' }, 'model-not-found', /no\/such/],
    ['an unknown message', { leaf: 'm_nobody' }, 'message-not-found', /m_nobody/],
  ])('refuses a change to %s', async (_name, change, code, detail) => {
    const { verbatim, call, create } = await bench();
    const path = await create();
    const before = await call(path);
    expect(await call(path, 'PATCH', change)).toMatchObject({ body: { code, detail: expect.stringMatching(detail) } });
    expect(await call(path)).toEqual(before);
    await verbatim.close();
  });

  it('is deleted more than once, and brought back more than once', async () => {
    const { verbatim, call, create, say } = await bench();
    const path = await create();
    await say(path, { text: 'hello' });
    const before = (await call(path)).body;
    for (let round = 0; round < 2; round += 1) {
      expect(await call(path, 'DELETE')).toEqual({ status: 204, body: undefined });
    }
    expect(await call(path)).toMatchObject({ status: 404, body: { code: 'conversation-not-found' } });
    expect(await call(`${path}/messages`, 'POST', { text: 'x' })).toMatchObject({ status: 404 });
    expect(await call(path, 'PATCH', { title: 'x' })).toMatchObject({ status: 404 });
    expect((await call('/conversations')).body.conversations).toEqual([]);
    for (let round = 0; round < 2; round += 1) {
      const restored = await call(`${path}/restore`, 'POST');
      expect(restored).toMatchObject({ status: 200, body: { messages: before.messages, deletedAtMs: null } });
    }
    expect((await call('/conversations')).body.conversations).toHaveLength(1);
    await verbatim.close();
  });

  it('is gone for good after the time to undo', async () => {
    const { clock, verbatim, call, create } = await bench({ undoMs: 60_000 });
    const path = await create();
    await call(path, 'DELETE');
    await clock.advance(10 * 60_000);
    for (const [method, at] of [
      ['DELETE', path],
      ['POST', `${path}/restore`],
    ] as const) {
      expect(await call(at, method)).toMatchObject({ status: 404, body: { code: 'conversation-not-found' } });
    }
    await verbatim.close();
  });
});

describe('a message', () => {
  it('with parent null stands at the root, beside the first', async () => {
    const { verbatim, call, create, say } = await bench();
    const path = await create();
    const first = await say(path, { text: 'one' });
    const next = await say(path, { text: 'two' });
    const beside = await say(path, { text: 'three', parent: null });
    const { messages, leaf } = (await call(path)).body;
    const parentOf = (id: string) => messages.find((message: { id: string }) => message.id === id).parent;
    expect(parentOf(next.message.id)).toBe(first.answer.id);
    expect(parentOf(beside.message.id)).toBe(null);
    expect(leaf).toBe(beside.answer.id);
    const back = await call(path, 'PATCH', { leaf: first.message.id });
    expect(back.body.leaf).toBe(next.answer.id);
    await verbatim.close();
  });

  it('is answered by several models side by side', async () => {
    const { clock, verbatim, call, create } = await bench();
    const path = await create();
    const body = { text: 'hi', model: ['demo/echo', 'demo/tour'] };
    const sent = await call(`${path}/messages`, 'POST', body, key('k'));
    expect(sent.status).toBe(202);
    expect(sent.body.runs).toMatchObject([
      { model: 'demo/echo', status: 'queued', message: sent.body.answer.id },
      { model: 'demo/tour', status: 'queued' },
    ]);
    expect(sent.body.run).toEqual(sent.body.runs[0]);
    expect(await call(`${path}/messages`, 'POST', body, key('k'))).toEqual(sent);
    await clock.advance(60_000);
    const { messages, runs } = (await call(path)).body;
    expect(messages.map(({ parent }: any) => parent)).toEqual([null, sent.body.message.id, sent.body.message.id]);
    expect(runs.map(({ status }: any) => status)).toEqual(['done', 'done']);
    await verbatim.close();
  });

  it('has files, with or without text, of up to 16 MiB in all', async () => {
    const { verbatim, call, create, say } = await bench();
    const path = await create();
    const files = [
      { mediaType: 'image/png', name: 'dot.png', data: 'iVBORw0KGgo=' },
      { mediaType: 'text/plain', url: 'https://example.com/a.txt' },
    ];
    await say(path, { text: 'look', files });
    await say(path, { files: [{ mediaType: 'application/pdf', data: 'A'.repeat(8 * 1024 * 1024) }] });
    const { messages } = (await call(path)).body;
    expect(messages[0].parts).toEqual([
      { type: 'text', text: 'look' },
      ...files.map((file) => ({ type: 'file', ...file })),
    ]);
    expect(messages[2].parts).toMatchObject([{ type: 'file', mediaType: 'application/pdf' }]);
    const files17 = [{ mediaType: 'a/b', data: 'A'.repeat(17 * 1024 * 1024) }];
    expect(await call(`${path}/messages`, 'POST', { files: files17 })).toMatchObject({
      status: 413,
      body: { code: 'body-too-large' },
    });
    const title = { title: 'x'.repeat(1024 * 1024) };
    expect(await call(path, 'PATCH', title)).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
    await verbatim.close();
  });

  it.each([
    ['nothing in it', {}, 422, 'invalid-input', /Expected a message with text/],
    ['a file without content', { files: [{ mediaType: 'a/b' }] }, 422, 'invalid-input', /data or a url/],
    [
      'a file with two',
      { files: [{ mediaType: 'a/b', data: 'AA==', url: 'http://x.y' }] },
      422,
      'invalid-input',
      /data/,
    ],
    ['a file of no type', { files: [{ mediaType: 'png', data: 'AA==' }] }, 422, 'invalid-input', /media type/],
    ['a file that is not base64', { files: [{ mediaType: 'a/b', data: 'A' }] }, 422, 'invalid-input', /files.0.data/],
    ['a file in its address', { files: [{ mediaType: 'a/b', url: 'data:,x' }] }, 422, 'invalid-input', /files.0.url/],
    ['no model', { text: 'x', model: [] }, 422, 'invalid-input', /1 to 8 models/],
    ['nine models', { text: 'x', model: Array(9).fill('demo/echo') }, 422, 'invalid-input', /1 to 8 models/],
    ['a model that is none', { text: 'x', model: 5 }, 422, 'invalid-input', /model: Expected the id of a model/],
    ['an unknown wish', { text: 'x', whileRunning: 'shout' }, 422, 'invalid-input', /whileRunning/],
    ['an unknown parent', { text: 'x', parent: 'm_nobody' }, 404, 'message-not-found', /m_nobody/],
    ['JSON without end', `{"text":${'['.repeat(100_000)}`, 422, 'invalid-input', /levels/],
    ['broken JSON', '{"text":', 400, 'malformed-json', /Check quotes/],
  ])('is refused with %s', async (_name, body, status, code, detail) => {
    const { verbatim, call, create } = await bench();
    const path = await create();
    const answer = await call(`${path}/messages`, 'POST', body);
    expect(answer).toMatchObject({ status, body: { code, detail: expect.stringMatching(detail) } });
    expect((await call(path)).body.messages).toEqual([]);
    await verbatim.close();
  });

  it('may hold brackets without end in its text', async () => {
    const { verbatim, create, say } = await bench();
    const sent = await say(await create(), { text: `\\"${'[{'.repeat(1_000)}` });
    expect(sent.message.id).toMatch(/^m_/);
    await verbatim.close();
  });

  it('waits for the answer before it, stops it, or is refused, as it says', async () => {
    const { clock, verbatim, call, create } = await bench();
    const path = await create('demo/count');
    const send = (whileRunning?: string) => call(`${path}/messages`, 'POST', { text: 'go', whileRunning });
    const statuses = async () => (await call(path)).body.runs.map(({ status }: any) => status);
    await send();
    await clock.advance(1_500);
    expect(await send('refuse')).toMatchObject({ status: 409, body: { code: 'conversation-busy' } });
    await send('queue');
    await clock.advance(1_500);
    expect(await statuses()).toEqual(['running', 'queued']);
    await send('interrupt');
    await clock.advance(1_500);
    expect(await statuses()).toEqual(['stopped', 'stopped', 'running']);
    await verbatim.close();
  });

  it('is refused where too many answers are being written', async () => {
    const { clock, verbatim, call, create } = await bench({ limits: { maxRuns: 1 } });
    const path = await create('demo/count');
    await call(`${path}/messages`, 'POST', { text: 'go' });
    await clock.advance(10);
    expect(await call(`${path}/messages`, 'POST', { text: 'go' })).toMatchObject({
      status: 429,
      body: { code: 'too-many-runs' },
    });
    await verbatim.close();
  });

  it('is removed with all below it, and brought back', async () => {
    const { verbatim, call, create, say } = await bench();
    const path = await create();
    const first = await say(path, { text: 'one' });
    const second = await say(path, { text: 'two' });
    const at = `${path}/messages/${second.message.id}`;
    expect(await call(at, 'DELETE')).toMatchObject({ status: 200, body: { leaf: first.answer.id } });
    const restored = await call(`${at}/restore`, 'POST');
    expect(restored).toMatchObject({ status: 200, body: { leaf: second.answer.id } });
    expect(await call(`${at}/restore`, 'POST')).toEqual(restored);
    for (const [method, end] of [
      ['DELETE', ''],
      ['POST', '/restore'],
    ] as const) {
      const unknown = await call(`${path}/messages/m_nobody${end}`, method);
      expect(unknown).toMatchObject({ status: 404, body: { code: 'message-not-found' } });
    }
    await verbatim.close();
  });
});

describe('another answer', () => {
  it('stands beside the first, once for each Idempotency-Key, by its model or another', async () => {
    const { clock, verbatim, call, create, say } = await bench();
    const path = await create();
    const first = await say(path, { text: 'hi' });
    const again = await call(`${path}/runs`, 'POST', { message: first.answer.id }, key('k'));
    expect(again).toMatchObject({
      status: 202,
      body: { message: { id: first.message.id }, run: { model: 'demo/echo' } },
    });
    expect(await call(`${path}/runs`, 'POST', { message: first.answer.id }, key('k'))).toEqual(again);
    const other = await call(`${path}/runs`, 'POST', { message: first.message.id, model: 'demo/tour' });
    expect(other.body.run.model).toBe('demo/tour');
    await clock.advance(60_000);
    const { messages, leaf } = (await call(path)).body;
    expect(messages.map(({ parent }: any) => parent)).toEqual([null, ...Array(3).fill(first.message.id)]);
    expect(leaf).toBe(other.body.answer.id);
    await verbatim.close();
  });

  it('comes in the response to who accepts an event stream', async () => {
    const { clock, verbatim, create, say } = await bench();
    const path = await create();
    const { answer } = await say(path, { text: 'one two' });
    const request = new Request(`http://localhost/api${path}/runs`, {
      method: 'POST',
      headers: { Accept: 'text/event-stream' },
      body: JSON.stringify({ message: answer.id }),
    });
    const response = await verbatim.fetch(request);
    const text = response.text();
    await clock.advance(1_000);
    const names = [...(await text).matchAll(/^event: (.*)$/gm)].map(([, name]) => name);
    expect([...new Set(names)]).toEqual(['message', 'run', 'part', 'delta']);
    expect(await text).toContain('"status":"done"');
    await verbatim.close();
  });

  it.each([
    ['no message', {}, 422, 'invalid-input'],
    ['an unknown message', { message: 'm_nobody' }, 404, 'message-not-found'],
    ['an unknown model', { message: '', model: 'no/such' }, 422, 'model-not-found'],
  ])('is refused for %s', async (_name, body, status, code) => {
    const { verbatim, call, create, say } = await bench();
    const path = await create();
    const { answer } = await say(path, { text: 'hi' });
    const asked = 'message' in body && body.message === '' ? { ...body, message: answer.id } : body;
    expect(await call(`${path}/runs`, 'POST', asked)).toMatchObject({ status, body: { code } });
    expect((await call(path)).body.messages).toHaveLength(2);
    await verbatim.close();
  });
});

describe('a stop', () => {
  it.each([
    ['nothing', () => undefined, 3],
    ['nothing in an object', () => ({}), 3],
    ['an offset', ({ offset }) => ({ seen: offset }), 1],
    ['a bare offset as text', ({ offset }) => ({ seen: String(offset) }), 1],
    ['a cursor', ({ offset, epoch }) => ({ seen: `${epoch}.${offset}` }), 1],
    ['a cursor of another store', ({ offset }) => ({ seen: `other.${offset}` }), 3],
    ['an offset from beyond the end', () => ({ seen: 1_000_000 }), 3],
  ] as Array<[string, (at: { offset: number; epoch: string }) => unknown, number]>)(
    'that says %s keeps what was seen',
    async (_name, body, kept) => {
      const { clock, log, verbatim, call, create } = await bench();
      const path = await create('demo/count');
      const sent = await call(`${path}/messages`, 'POST', { text: 'go' });
      await clock.advance(1_500);
      const { offset } = (await call(path)).body;
      await clock.advance(2_000);
      for (let round = 0; round < 2; round += 1) {
        const stopped = await call(`/runs/${sent.body.run.id}/stop`, 'POST', body({ offset, epoch: log.epoch }));
        expect(stopped).toMatchObject({ status: 202, body: { run: { status: 'stopped' } } });
      }
      const [, answer] = (await call(path)).body.messages;
      expect(answer.parts[0].text).toBe(['Count: [1]\n\n', 'Count: [2]\n\n', 'Count: [3]\n\n'].slice(0, kept).join(''));
      await verbatim.close();
    },
  );

  it.each([
    [{ seen: -1 }, 422, 'invalid-input'],
    [{ seen: 1.5 }, 422, 'invalid-input'],
    [{ seen: 'x.y' }, 400, 'cursor-invalid'],
    [{ sen: 1 }, 422, 'invalid-input'],
  ])('is refused with %j', async (body, status, code) => {
    const { clock, verbatim, call, create } = await bench();
    const path = await create('demo/count');
    const sent = await call(`${path}/messages`, 'POST', { text: 'go' });
    await clock.advance(1_500);
    expect(await call(`/runs/${sent.body.run.id}/stop`, 'POST', body)).toMatchObject({ status, body: { code } });
    expect((await call(path)).body.runs[0].status).toBe('running');
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
  expect(await events(offset + 1)).toMatch(/^id: \S+\nevent: part\ndata: .*one two three four five/);
  expect(await events(offset + 3)).toMatch(/^id: \S+\nevent: snapshot\ndata: .*one two three four five/);
  await verbatim.close();
});
