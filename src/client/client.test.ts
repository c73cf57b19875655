import { describe, expect, it } from 'vitest';
import type { ConversationId } from '../core/ids.ts';
import { formatCursor } from '../log/cursor.ts';
import { encode } from '../sse/encode.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createClient, type Client } from './client.ts';

const id = 'c_00000000000000000000' as ConversationId; // As the server mints them.

interface Call {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A client before a server whose answers the test gives one by one. */
function bench(...answers: Array<(call: Call) => Response | Promise<Response>>) {
  const clock = createFakeClock();
  const calls: Call[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const text = await request.text();
    const call = {
      url: new URL(request.url).pathname,
      method: request.method,
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    calls.push(call);
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError('nothing answers any more');
    return await answer(call);
  };
  const client = createClient({ baseUrl: 'https://verbatim.test', fetch }, { clock, random: createSeededRandom(5) });
  return { client, clock, calls };
}

const refused = (): never => {
  throw new TypeError('fetch failed');
};
const problem = (status: number, code: string, detail: string) => () =>
  new Response(JSON.stringify({ status, code, detail }), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  });

describe('a write', () => {
  it('is sent again with the same key after a lost connection and a 503, until it is taken', async () => {
    const { client, clock, calls } = bench(refused, problem(503, 'store-unavailable', 'later'), () =>
      Response.json({}, { status: 202 }),
    );
    const sent = client.send(id, { text: 'hello' });
    await clock.advance(10_000);
    await sent;
    expect(calls.map(({ method, url }) => `${method} ${url}`)).toEqual(
      Array(3).fill(`POST /api/conversations/${id}/messages`),
    );
    expect(new Set(calls.map(({ headers }) => headers.get('Idempotency-Key'))).size).toBe(1);
    expect(calls.map(({ body }) => body)).toEqual([{ text: 'hello' }, { text: 'hello' }, { text: 'hello' }]);
  });

  it('keeps the key that it is given over several calls', async () => {
    const { client, calls } = bench(
      () => Response.json({}),
      () => Response.json({ id }),
    );
    await client.send(id, { text: 'x' }, { key: 'mine' });
    await client.createConversation({}, { key: 'mine too' });
    expect(calls.map(({ headers }) => headers.get('Idempotency-Key'))).toEqual(['mine', 'mine too']);
  });

  it('fails at once, with the server’s code and words, where another try cannot mend it', async () => {
    const { client, calls } = bench(problem(422, 'model-not-found', 'Choose another'));
    await expect(client.send(id, { text: 'x' })).rejects.toMatchObject({
      code: 'model-not-found',
      message: 'Choose another',
      details: { status: 422 },
    });
    expect(calls).toHaveLength(1);
  });

  it('has an address, a method and a body, and a key where it is not idempotent by itself', async () => {
    const answer = () => Response.json({});
    const { client, calls } = bench(...Array<typeof answer>(9).fill(answer), () => new Response(null, { status: 204 }));
    await client.createConversation({ system: 'Be brief.', settings: { seed: 1 } });
    await client.changeConversation(id, { title: 'Tea' });
    await client.restoreConversation(id);
    await client.send(id, { text: 'x', files: [{ mediaType: 'a/b', data: 'AA==' }], parent: null, model: ['a', 'b'] });
    await client.regenerate(id, { message: 'm_1' });
    await client.removeMessage(id, 'm_1');
    await client.restoreMessage(id, 'm_1');
    await client.stop('r_1');
    await client.stop('r_1', { seen: 7 });
    await client.deleteConversation(id);
    const told = calls.map(({ method, url, body }) => [method, url.replace(id, 'c'), body]);
    expect(told).toEqual([
      ['POST', '/api/conversations', { system: 'Be brief.', settings: { seed: 1 } }],
      ['PATCH', '/api/conversations/c', { title: 'Tea' }],
      ['POST', '/api/conversations/c/restore', undefined],
      [
        'POST',
        '/api/conversations/c/messages',
        { text: 'x', files: [{ mediaType: 'a/b', data: 'AA==' }], parent: null, model: ['a', 'b'] },
      ],
      ['POST', '/api/conversations/c/runs', { message: 'm_1' }],
      ['DELETE', '/api/conversations/c/messages/m_1', undefined],
      ['POST', '/api/conversations/c/messages/m_1/restore', undefined],
      ['POST', '/api/runs/r_1/stop', {}],
      ['POST', '/api/runs/r_1/stop', { seen: 7 }],
      ['DELETE', '/api/conversations/c', undefined],
    ]);
    const keyed = calls
      .filter(({ method }) => method !== 'DELETE')
      .map(({ headers }) => headers.get('Idempotency-Key'));
    expect(new Set(keyed).size).toBe(8);
    expect(keyed).not.toContain(null);
  });

  it.each([
    ['a change', (client: Client) => client.changeConversation(id, { title: 'Tea' })],
    ['a deletion', (client: Client) => client.deleteConversation(id)],
  ])('is sent again also where it is %s', async (_name, write) => {
    const { client, clock, calls } = bench(refused, () => Response.json({}));
    const written = write(client);
    await clock.advance(10_000);
    await written;
    expect(calls).toHaveLength(2);
    expect(calls[1]?.headers.get('Idempotency-Key')).toBe(calls[0]?.headers.get('Idempotency-Key'));
  });

  it('gives up in the end where nobody answers', async () => {
    const { client, clock, calls } = bench();
    const failure = client.stop('r_x').catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(await failure).toMatchObject({ code: 'request-failed' });
    expect(calls).toHaveLength(7);
  });

  const never = (): Promise<Response> => new Promise(() => undefined);

  it('is sent again, with the same key, where the server is silent, and given up where it stays so', async () => {
    const once = bench(never, () => Response.json({}));
    const sent = once.client.send(id, { text: 'x' });
    await once.clock.advance(29_999);
    expect(once.calls).toHaveLength(1);
    await once.clock.advance(5_000);
    await sent;
    expect(new Set(once.calls.map(({ headers }) => headers.get('Idempotency-Key'))).size).toBe(1);
    const { client, clock, calls } = bench(never, never, never);
    const failure = client.stop('r_x').catch((error: unknown) => error);
    await clock.advance(65_000);
    expect(await failure).toMatchObject({
      code: 'request-failed',
      message: expect.stringContaining('nothing for 30 s'),
    });
    expect(calls).toHaveLength(2);
    expect(once.clock.pending + clock.pending).toBe(0);
  });

  it('has longer where it is long', async () => {
    const { client, clock, calls } = bench(never);
    const file = { mediaType: 'image/png', data: 'A'.repeat(3_200_000) };
    const failure = client.send(id, { text: '', files: [file] }).catch(() => undefined);
    await clock.advance(129_000);
    expect(calls).toHaveLength(1);
    await clock.advance(60_000);
    await failure;
    expect(calls.length).toBeGreaterThan(1);
  });

  it('waits for an answer as long as that comes, and no longer', async () => {
    const body = (pieces: string[]) => {
      const opened = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
      const readable = new ReadableStream<Uint8Array>({ start: (controller) => opened.resolve(controller) });
      const say = async () => (await opened.promise).enqueue(new TextEncoder().encode(pieces.shift()));
      return { answer: () => new Response(readable), say, close: async () => (await opened.promise).close() };
    };
    const [slow, stuck] = [body(['{"id":', '"c_1', '"}']), body(['{'])];
    const { client, clock, calls } = bench(stuck.answer, slow.answer);
    const created = client.createConversation();
    await stuck.say();
    await clock.advance(32_000);
    expect(calls).toHaveLength(2);
    for (let piece = 0; piece < 3; piece += 1) {
      await slow.say();
      await clock.advance(25_000);
    }
    await slow.close();
    expect(await created).toEqual({ id: 'c_1' });
    expect(clock.pending).toBe(0);
  });
});

const snapshot = (offset: number, text: string) => ({
  id,
  title: 't',
  model: 'm',
  createdAtMs: 0,
  offset,
  messages: [
    { id: 'm_1', parent: null, role: 'assistant', status: 'running', parts: [{ type: 'text', text }], createdAtMs: 0 },
  ],
  runs: [],
});

/** An event stream that the test writes. */
function eventStream() {
  const opened = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const body = new ReadableStream<Uint8Array>({ start: (controller) => opened.resolve(controller) });
  return {
    answer: () => new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }),
    async send(event: string, offset: number, data: object) {
      const block = encode({ id: formatCursor({ epoch: 'e', offset }), event, data: JSON.stringify(data) });
      (await opened.promise).enqueue(new TextEncoder().encode(block));
    },
    async bye() {
      const block = encode({ event: 'bye', data: '{}' });
      (await opened.promise).enqueue(new TextEncoder().encode(block));
    },
    async end() {
      (await opened.promise).close();
    },
  };
}

const delta = (at: number, text: string, more: object = {}) => ({ message: 'm_1', part: 0, at, text, ...more });

describe('a conversation', () => {
  it('follows while there is a listener, goes on from its cursor, and tells its phase', async () => {
    const [first, second] = [eventStream(), eventStream()];
    const { client, clock, calls } = bench(first.answer, second.answer);
    const store = client.conversation(id);
    const phases: string[] = [];
    const unsubscribe = store.subscribe(() => {
      const { phase } = store.getSnapshot();
      if (phases.at(-1) !== phase) phases.push(phase);
    });
    await first.send('snapshot', 5, snapshot(5, 'a'));
    await first.send('delta', 8, delta(1, 'bcd', { from: 6 }));
    await clock.advance(1);
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]).toHaveProperty('text', 'abcd');
    await first.end();
    await clock.advance(5_000);
    await second.send('delta', 9, delta(4, 'e'));
    await clock.advance(1);
    expect(calls[1]?.headers.get('Last-Event-ID')).toBe('e.8');
    expect(store.getSnapshot()).toMatchObject({ phase: 'live', conversation: { offset: 9 } });
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]).toHaveProperty('text', 'abcde');
    expect(phases).toEqual(['connecting', 'live', 'stale', 'live']);
    unsubscribe();
    await clock.advance(1);
    expect(clock.pending).toBe(0);
    expect(store.getSnapshot()).toBe(store.getSnapshot());
  });

  it('comes back at once from its cursor where the server goes, and not again and again', async () => {
    const streams = Array.from({ length: 12 }, eventStream);
    const { client, clock, calls } = bench(...streams.map(({ answer }) => answer));
    const store = client.conversation(id);
    const phases: string[] = [];
    const unsubscribe = store.subscribe(() => {
      const { phase } = store.getSnapshot();
      if (phases.at(-1) !== phase) phases.push(phase);
    });
    await streams[0]?.send('snapshot', 5, snapshot(5, 'a'));
    await streams[0]?.bye();
    await clock.advance(10_000);
    expect(calls).toHaveLength(2);
    expect(calls[1]?.headers.get('Last-Event-ID')).toBe('e.5');
    await streams[1]?.bye();
    await clock.advance(0);
    expect(calls).toHaveLength(3);
    await streams[2]?.send('delta', 6, delta(1, 'b'));
    await clock.advance(0);
    expect(store.getSnapshot()).toMatchObject({ phase: 'live', conversation: { offset: 6 } });
    expect(phases).toEqual(['connecting', 'live', 'stale', 'live', 'stale', 'live']);
    for (const stream of streams.slice(2)) await stream.bye();
    await clock.advance(900);
    expect(calls).toHaveLength(3);
    await clock.advance(10_000);
    expect(calls.length).toBeLessThanOrEqual(12);
    unsubscribe();
  });

  it('asks for a snapshot where events are missing, and shows nothing wrong meanwhile', async () => {
    const [first, second] = [eventStream(), eventStream()];
    const { client, clock, calls } = bench(first.answer, second.answer);
    const store = client.conversation(id);
    const unsubscribe = store.subscribe(() => undefined);
    await first.send('snapshot', 5, snapshot(5, 'a'));
    await first.send('delta', 7, delta(2, 'c'));
    await clock.advance(1);
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]).toHaveProperty('text', 'a');
    await second.send('snapshot', 7, snapshot(7, 'abc'));
    await clock.advance(1);
    expect(calls[1]?.headers.get('Last-Event-ID')).toBeNull();
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]).toHaveProperty('text', 'abc');
    unsubscribe();
  });

  it('makes no storm where a gap follows every snapshot, and says so in the end', async () => {
    const torn = async () => {
      const stream = eventStream();
      await stream.send('snapshot', 5, snapshot(5, 'a'));
      await stream.send('delta', 6, delta(9, 'torn'));
      return stream.answer();
    };
    const { client, clock, calls } = bench(...Array.from({ length: 100 }, () => torn));
    const store = client.conversation(id);
    const unsubscribe = store.subscribe(() => undefined);
    await clock.advance(3_000);
    expect(calls.length).toBeLessThanOrEqual(4);
    await clock.advance(600_000);
    expect(calls.length).toBeLessThanOrEqual(9);
    expect(store.getSnapshot()).toMatchObject({ phase: 'ended', error: { code: 'event-gap' } });
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]).toHaveProperty('text', 'a');
    unsubscribe();
  });

  it('takes its place for an event that it does not know', async () => {
    const stream = eventStream();
    const { client, clock } = bench(stream.answer);
    const store = client.conversation(id);
    const unsubscribe = store.subscribe(() => undefined);
    await stream.send('snapshot', 5, snapshot(5, 'a'));
    await stream.send('from-the-future', 6, { x: 1 });
    await stream.send('delta', 7, delta(1, 'b'));
    await clock.advance(1);
    expect(store.getSnapshot().conversation).toMatchObject({ offset: 7, messages: [{ parts: [{ text: 'ab' }] }] });
    unsubscribe();
  });

  it('ends with the server’s code and words where there is no such conversation', async () => {
    const { client, clock } = bench(problem(404, 'conversation-not-found', 'There is none'));
    const store = client.conversation(id);
    const unsubscribe = store.subscribe(() => undefined);
    await clock.advance(1);
    expect(store.getSnapshot()).toMatchObject({
      phase: 'ended',
      error: { code: 'conversation-not-found', message: 'There is none', details: { status: 404 } },
    });
    unsubscribe();
  });
});
