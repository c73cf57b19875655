import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tourText } from 'verbatim/models';
import { call, isEnd, readEvents, textFrom, type WireEvent } from '../support/api.ts';
import { createWorkspace, type Program, type Workspace } from '../support/program.ts';

let workspace: Workspace;
let program: Program;
let api: string;

beforeAll(async () => {
  workspace = createWorkspace();
  program = await workspace.start();
  api = `${program.url}/api`;
});

afterAll(async () => {
  await program.kill('SIGTERM');
  workspace[Symbol.dispose]();
});

async function newConversation(model = 'demo/echo'): Promise<string> {
  return (await call(`${api}/conversations`, 'POST', { model })).body.id;
}

describe('the native API', () => {
  it('creates conversations and lists them, newest first', async () => {
    const first = await call(`${api}/conversations`, 'POST', { title: 'First', model: 'demo/count' });
    const second = await call(`${api}/conversations`, 'POST');
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ title: 'First', model: 'demo/count', messages: [], runs: [] });
    expect(first.headers.get('location')).toBe(`/api/conversations/${first.body.id}`);
    expect(second.body).toMatchObject({ title: '', model: 'demo/tour' });
    const { body } = await call(`${api}/conversations`);
    expect(body.conversations.slice(0, 2).map(({ id }: { id: string }) => id)).toEqual([second.body.id, first.body.id]);
  });

  it('lists them in pages, and finds them by a word of a message or an answer', async () => {
    const id = await newConversation();
    const { body } = await call(`${api}/conversations/${id}/messages`, 'POST', { text: 'Über Schmetterlinge 🦋' });
    await readEvents(`${api}/conversations/${id}/events?after=${body.offset}`, { until: isEnd });
    const first = await call(`${api}/conversations?limit=1`);
    expect(first.body).toMatchObject({ conversations: [{ id }], next: expect.any(String) });
    const second = await call(`${api}/conversations?limit=1&page=${encodeURIComponent(first.body.next)}`);
    expect(second.body.conversations).toHaveLength(1);
    expect(second.body.conversations[0].id).not.toBe(id);
    const found = await call(`${api}/conversations?q=${encodeURIComponent('uber SCHMETTER')}`);
    expect(found.body).toMatchObject({ conversations: [{ id }], next: null });
    expect((await call(`${api}/conversations?q=elephants`)).body.conversations).toEqual([]);
  });

  it('takes a message, and gives the conversation with its exact answer', async () => {
    const id = await newConversation();
    const text = 'Exactly   this, líne\nby line 🧑‍🚀 \u2028 and \u0000 that ';
    const sent = await call(`${api}/conversations/${id}/messages`, 'POST', { text });
    expect(sent.status).toBe(202);
    expect(sent.body).toEqual({
      message: { id: expect.stringMatching(/^m_/) },
      answer: { id: expect.stringMatching(/^m_/) },
      run: {
        id: expect.stringMatching(/^r_/),
        message: sent.body.answer.id,
        status: 'queued',
        model: 'demo/echo',
      },
      runs: [sent.body.run],
      offset: expect.any(Number),
    });
    await readEvents(`${api}/conversations/${id}/events?after=${sent.body.offset}`, { until: isEnd });
    const { body } = await call(`${api}/conversations/${id}`);
    const { message, answer, run } = sent.body;
    expect(body).toMatchObject({
      id,
      messages: [
        { id: message.id, parent: null, role: 'user', status: 'done', parts: [{ type: 'text', text }] },
        { id: answer.id, parent: message.id, role: 'assistant', status: 'done', parts: [{ type: 'text', text }] },
      ],
      runs: [{ id: run.id, message: answer.id, status: 'done' }],
    });
  });

  it('streams the answer in the response itself to who accepts an event stream', async () => {
    const id = await newConversation('demo/tour');
    const init = { method: 'POST', headers: { Accept: 'text/event-stream' }, body: JSON.stringify({ text: 'Hi' }) };
    const { events, headers } = await readEvents(`${api}/conversations/${id}/messages`, { init });
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(events.map(({ event }) => event).slice(0, 5)).toEqual(['conversation', 'message', 'message', 'run', 'run']);
    expect(events.at(-1)).toMatchObject({ event: 'run', data: { status: 'done' } });
    expect(textFrom(events)).toBe(tourText);
    expect(events.filter(({ event }) => event === 'delta').length).toBeGreaterThan(100);
  });

  it('takes a message once for each Idempotency-Key', async () => {
    const id = await newConversation();
    const send = (text: string) =>
      call(`${api}/conversations/${id}/messages`, 'POST', { text }, { 'Idempotency-Key': 'same' });
    const [first, again] = await Promise.all([send('once'), send('once')]);
    expect(again.body).toEqual(first.body);
    expect(again.status).toBe(202);
    expect(await send('twice')).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    expect((await call(`${api}/conversations/${id}`)).body.messages).toHaveLength(2);
  });

  it('changes a conversation, deletes it and brings it back', async () => {
    const id = await newConversation();
    const change = { title: 'Renamed', system: 'Be brief.', settings: { temperature: 0 } };
    expect(await call(`${api}/conversations/${id}`, 'PATCH', change)).toMatchObject({ status: 200, body: change });
    expect(await call(`${api}/conversations/${id}`, 'DELETE')).toMatchObject({ status: 204, body: undefined });
    expect(await call(`${api}/conversations/${id}`, 'DELETE')).toMatchObject({ status: 204 });
    expect(await call(`${api}/conversations/${id}`)).toMatchObject({ status: 404 });
    expect(await call(`${api}/conversations/${id}/restore`, 'POST')).toMatchObject({ status: 200, body: change });
    const { body } = await call(`${api}/conversations?q=renamed`);
    expect(body.conversations).toMatchObject([{ id, title: 'Renamed' }]);
  });

  it('keeps what was said before an edit, and every answer, in one tree', async () => {
    const id = await newConversation();
    const url = `${api}/conversations/${id}`;
    const sentAndAnswered = async (path: string, body: object) => {
      const sent = await call(`${url}/${path}`, 'POST', body);
      await readEvents(`${url}/events?after=${sent.body.offset}`, { until: isEnd });
      return sent.body;
    };
    const first = await sentAndAnswered('messages', { text: 'one' });
    const edited = await sentAndAnswered('messages', { text: 'two', parent: null });
    const other = await sentAndAnswered('runs', { message: first.answer.id });
    const { body } = await call(url);
    const tree = body.messages.map(({ id: message, parent }: { id: string; parent: string | null }) => [
      message,
      parent,
    ]);
    expect(tree).toEqual([
      [first.message.id, null],
      [first.answer.id, first.message.id],
      [edited.message.id, null],
      [edited.answer.id, edited.message.id],
      [other.answer.id, first.message.id],
    ]);
    expect(body.leaf).toBe(other.answer.id);
    const removed = await call(`${url}/messages/${first.message.id}`, 'DELETE');
    expect(removed).toMatchObject({ status: 200, body: { leaf: edited.answer.id } });
    const restored = await call(`${url}/messages/${first.message.id}/restore`, 'POST');
    expect(restored).toMatchObject({ status: 200, body: { leaf: other.answer.id } });
  });

  it('streams another answer in the response itself', async () => {
    const id = await newConversation();
    const { body } = await call(`${api}/conversations/${id}/messages`, 'POST', { text: 'once more' });
    await readEvents(`${api}/conversations/${id}/events?after=${body.offset}`, { until: isEnd });
    const init = {
      method: 'POST',
      headers: { Accept: 'text/event-stream' },
      body: JSON.stringify({ message: body.answer.id }),
    };
    const { events } = await readEvents(`${api}/conversations/${id}/runs`, { init });
    expect(events[0]).toMatchObject({ event: 'message', data: { parent: body.message.id, role: 'assistant' } });
    expect(events.at(-1)).toMatchObject({ event: 'run', data: { status: 'done' } });
    expect(textFrom(events)).toBe('once more');
  });

  it('cuts a stopped answer behind what was seen', async () => {
    const id = await newConversation('demo/count');
    const sent = await call(`${api}/conversations/${id}/messages`, 'POST', { text: 'go' });
    const follow = (after: string, count: number) =>
      readEvents(`${api}/conversations/${id}/events?after=${after}`, {
        until: ({ data }) => JSON.stringify(data).includes(`[${count}]`),
      });
    const seen = (await follow(sent.body.offset, 1)).events.at(-1)?.id ?? '';
    await follow(seen, 2);
    await call(`${api}/runs/${sent.body.run.id}/stop`, 'POST', { seen });
    const { events } = await readEvents(`${api}/conversations/${id}/events?after=${seen}`, { until: isEnd });
    expect(events.slice(-3).map(({ event }) => event)).toEqual(['stop', 'reset', 'run']);
    const { body } = await call(`${api}/conversations/${id}`);
    expect(body.messages[1].parts).toEqual([{ type: 'text', text: 'Count: [1]\n\n' }]);
  });

  it('takes files, to the last byte', async () => {
    const id = await newConversation();
    const data = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251)).toString('base64');
    const files = [{ mediaType: 'application/octet-stream', name: 'bytes', data }];
    const sent = await call(`${api}/conversations/${id}/messages`, 'POST', { text: 'See', files });
    expect(sent.status).toBe(202);
    const { body } = await call(`${api}/conversations/${id}`);
    expect(body.messages[0].parts[1]).toEqual({ type: 'file', ...files[0] });
  });

  it('stops a run, from anywhere, more than once', async () => {
    const id = await newConversation('demo/count');
    const sent = await call(`${api}/conversations/${id}/messages`, 'POST', { text: 'go' });
    // From behind the message: the stop may be over before this reader is there.
    const watched = readEvents(`${api}/conversations/${id}/events?after=${sent.body.offset}`, { until: isEnd });
    const stop = () => call(`${api}/runs/${sent.body.run.id}/stop`, 'POST');
    expect(await stop()).toMatchObject({ status: 202, body: { run: { status: 'stopped' } } });
    expect(await stop()).toMatchObject({ status: 202, body: { run: { status: 'stopped' } } });
    expect((await watched).events.at(-1)?.data.status).toBe('stopped');
  });

  it('lists its models, says which are demos, and is healthy', async () => {
    const { body } = await call(`${api}/models`);
    const demos = body.models.filter(({ demo }: { demo: boolean }) => demo).map(({ id }: { id: string }) => id);
    expect(demos).toEqual(expect.arrayContaining(['demo/tour', 'demo/echo', 'demo/count']));
    expect(await call(`${program.url}/healthz`)).toMatchObject({ status: 200 });
  });
});

describe('the event stream', () => {
  it('is well-formed, and begins with a snapshot where there is no cursor', async () => {
    const id = await newConversation();
    await call(`${api}/conversations/${id}/messages`, 'POST', { text: 'a b c' });
    const { events, text, headers } = await readEvents(`${api}/conversations/${id}/events`, {
      until: (event) => isEnd(event) || event.data.runs?.[0]?.status === 'done',
    });
    expect(headers.get('content-type')).toBe('text/event-stream');
    expect(headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(events[0]).toMatchObject({ event: 'snapshot', data: { id, offset: expect.any(Number) } });
    expect(text).toMatch(/^retry: [0-9]+\n\n(id: [0-9a-z]+\.[0-9]+\nevent: [a-z]+\ndata: \{.*\}\n\n)+$/);
  });

  it('resumes behind any event, by Last-Event-ID and by ?after=, as an id or as an offset', async () => {
    const id = await newConversation();
    const sent = await call(`${api}/conversations/${id}/messages`, 'POST', { text: 'one two three four' });
    const whole = await readEvents(`${api}/conversations/${id}/events?after=0`, { until: isEnd });
    const offsetOf = (event: WireEvent) => Number(event.id.split('.')[1]);
    for (const [index, event] of whole.events.slice(0, -1).entries()) {
      const before = textFrom(whole.events.slice(0, index + 1));
      for (const [url, headers] of [
        [`${api}/conversations/${id}/events`, { 'Last-Event-ID': event.id }],
        [`${api}/conversations/${id}/events`, { 'Last-Event-ID': String(offsetOf(event)) }],
        [`${api}/conversations/${id}/events?after=${event.id}`, {}],
        [`${api}/conversations/${id}/events?after=${offsetOf(event)}`, {}],
      ] as const) {
        const { events } = await readEvents(url, { until: isEnd, headers });
        expect(events[0]?.event).not.toBe('snapshot');
        expect(events[0]?.data.from ?? offsetOf(events[0] ?? event)).toBe(offsetOf(event) + 1);
        expect(before + textFrom(events, before.length)).toBe('one two three four');
      }
    }
    expect(sent.status).toBe(202);
  });

  it('gives a snapshot for a cursor of another store, or from beyond the end', async () => {
    const id = await newConversation();
    for (const cursor of ['zzzzzzzz.1', '999999']) {
      const { events } = await readEvents(`${api}/conversations/${id}/events`, {
        headers: { 'Last-Event-ID': cursor },
        until: () => true,
      });
      expect(events[0]).toMatchObject({ event: 'snapshot', data: { id } });
    }
  });
});

describe('bad input', () => {
  it.each([
    ['malformed JSON', 'POST', '/conversations', '{"title":', 400, 'malformed-json'],
    ['a body that is no object', 'POST', '/conversations', '[]', 422, 'invalid-input'],
    ['a value of another type', 'POST', '/conversations', '{"title":5}', 422, 'invalid-input'],
    ['an unknown field', 'POST', '/conversations', '{"titel":"x"}', 422, 'invalid-input'],
    ['a title without end', 'POST', '/conversations', `{"title":"${'x'.repeat(201)}"}`, 422, 'invalid-input'],
    ['an unknown model', 'POST', '/conversations', '{"model":"no/such"}', 422, 'model-not-found'],
    [
      'an unknown conversation',
      'GET',
      '/conversations/c_00000000000000000000',
      undefined,
      404,
      'conversation-not-found',
    ],
    ['no id at all', 'GET', '/conversations/..%2f..%2fetc', undefined, 404, 'conversation-not-found'],
    ['events of an unknown one', 'GET', '/conversations/nope/events', undefined, 404, 'conversation-not-found'],
    [
      'a message to an unknown one',
      'POST',
      '/conversations/nope/messages',
      '{"text":"x"}',
      404,
      'conversation-not-found',
    ],
    ['an unknown run', 'POST', '/runs/r_00000000000000000000_000000000000/stop', undefined, 404, 'run-not-found'],
    ['an unknown address', 'GET', '/nothing', undefined, 404, 'route-not-found'],
    ['a list without end', 'GET', '/conversations?limit=1001', undefined, 422, 'invalid-input'],
    ['a page that was never given', 'GET', '/conversations?page=x', undefined, 400, 'page-token-invalid'],
    ['a change of an unknown one', 'PATCH', '/conversations/nope', '{"title":"x"}', 404, 'conversation-not-found'],
    ['a deletion of an unknown one', 'DELETE', '/conversations/nope', undefined, 404, 'conversation-not-found'],
    [
      'an answer in an unknown one',
      'POST',
      '/conversations/nope/runs',
      '{"message":"m"}',
      404,
      'conversation-not-found',
    ],
    ['another method', 'PUT', '/models', '{}', 405, 'method-not-allowed'],
  ])('gives a problem for %s', async (_name, method, path, body, status, code) => {
    const answer = await call(api + path, method, body);
    expect(answer).toMatchObject({
      status,
      body: { status, code, title: expect.any(String), detail: expect.stringMatching(/Expected|does not fit/) },
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each([
    ['an empty message', { text: '' }, {}, 422, 'invalid-input'],
    ['a message of white space', { text: ' \n\t' }, {}, 422, 'invalid-input'],
    ['no text', {}, {}, 422, 'invalid-input'],
    ['an unknown model', { text: 'x', model: 'no/such' }, {}, 422, 'model-not-found'],
    ['an unknown parent', { text: 'x', parent: 'm_nobody' }, {}, 404, 'message-not-found'],
    ['a key that cannot be one', { text: 'x' }, { 'Idempotency-Key': 'with space' }, 422, 'invalid-input'],
  ])('gives a problem for a message with %s, and writes nothing', async (_name, body, headers, status, code) => {
    const id = await newConversation();
    const answer = await call(`${api}/conversations/${id}/messages`, 'POST', body, headers);
    expect(answer).toMatchObject({ status, body: { code } });
    expect((await call(`${api}/conversations/${id}`)).body.messages).toEqual([]);
  });

  it('refuses a body that is too large with 413, announced or not, and goes on', async () => {
    const messages = `${api}/conversations/${await newConversation()}/messages`;
    const long = (sizeBytes: number) => JSON.stringify({ text: 'x'.repeat(sizeBytes) });
    for (const [url, maxBytes] of [
      [`${api}/conversations`, 1024 * 1024],
      [messages, 16 * 1024 * 1024],
    ] as const) {
      const body = long(maxBytes);
      expect(await call(url, 'POST', body)).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
      const stream = new Blob([body]).stream();
      const chunked = await fetch(url, { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
      expect(chunked.status).toBe(413);
    }
    expect(await call(`${program.url}/healthz`)).toMatchObject({ status: 200 });
    expect(await call(messages, 'POST', { text: 'still here' })).toMatchObject({ status: 202 });
  });

  it('goes on after a caller that leaves in the middle of its body', async () => {
    const { hostname, port } = new URL(program.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = `POST /api/conversations HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: 100\r\n\r\n`;
    await new Promise((resolve) => socket.write(`${head}{"title":`, resolve));
    socket.destroy();
    await once(socket, 'close');
    expect(await call(`${program.url}/healthz`)).toMatchObject({ status: 200 });
  });

  it('gives a problem for a cursor that cannot be one', async () => {
    const id = await newConversation();
    for (const cursor of ['x.y', '-1', '1.2.3', '9'.repeat(40)]) {
      const answer = await call(`${api}/conversations/${id}/events`, 'GET', undefined, { 'Last-Event-ID': cursor });
      expect(answer).toMatchObject({ status: 400, body: { code: 'cursor-invalid' } });
    }
  });

  it('refuses writes from the pages of strangers', async () => {
    const answer = await call(`${api}/conversations`, 'POST', {}, { Origin: 'https://evil.example' });
    expect(answer).toMatchObject({ status: 403, body: { code: 'origin-not-allowed' } });
    expect(await call(`${api}/conversations`, 'POST', {}, { Origin: program.url })).toMatchObject({ status: 201 });
    const id = await newConversation();
    for (const method of ['PATCH', 'DELETE']) {
      const refused = await call(`${api}/conversations/${id}`, method, undefined, { Origin: 'https://evil.example' });
      expect(refused).toMatchObject({ status: 403, body: { code: 'origin-not-allowed' } });
    }
  });
});

describe('the page', () => {
  it('is served at / and at a conversation’s address, under a strict policy', async () => {
    for (const path of ['/', '/c/c_00000000000000000000']) {
      const response = await fetch(program.url + path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(await response.text()).toContain('<div id="root">');
    }
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/../../package.json']) {
      expect((await fetch(program.url + path)).status).toBe(404);
    }
  });
});
