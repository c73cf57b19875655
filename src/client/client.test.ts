import { describe, expect, it } from 'vitest';
import type { ConversationId } from '../core/ids.ts';
import { formatCursor } from '../log/cursor.ts';
import { encode } from '../sse/encode.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createClient } from './client.ts';

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

  it('gives up in the end where nobody answers', async () => {
    const { client, clock, calls } = bench();
    const failure = client.stop('r_x').catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(await failure).toMatchObject({ code: 'request-failed' });
    expect(calls).toHaveLength(7);
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
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]?.text).toBe('abcd');
    await first.end();
    await clock.advance(5_000);
    await second.send('delta', 9, delta(4, 'e'));
    await clock.advance(1);
    expect(calls[1]?.headers.get('Last-Event-ID')).toBe('e.8');
    expect(store.getSnapshot()).toMatchObject({ phase: 'live', conversation: { offset: 9 } });
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]?.text).toBe('abcde');
    expect(phases).toEqual(['connecting', 'live', 'stale', 'live']);
    unsubscribe();
    await clock.advance(1);
    expect(clock.pending).toBe(0);
    expect(store.getSnapshot()).toBe(store.getSnapshot());
  });

  it('asks for a snapshot where events are missing, and shows nothing wrong meanwhile', async () => {
    const [first, second] = [eventStream(), eventStream()];
    const { client, clock, calls } = bench(first.answer, second.answer);
    const store = client.conversation(id);
    const unsubscribe = store.subscribe(() => undefined);
    await first.send('snapshot', 5, snapshot(5, 'a'));
    await first.send('delta', 7, delta(2, 'c'));
    await clock.advance(1);
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]?.text).toBe('a');
    await second.send('snapshot', 7, snapshot(7, 'abc'));
    await clock.advance(1);
    expect(calls[1]?.headers.get('Last-Event-ID')).toBeNull();
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]?.text).toBe('abc');
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
    expect(store.getSnapshot().conversation?.messages[0]?.parts[0]?.text).toBe('a');
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
