import { afterEach, describe, expect, it } from 'vitest';
import { isRecord, tryParseJson } from '../core/json.ts';
import type { ConversationId } from '../core/ids.ts';
import { parseEvent, type DeltaAdded } from '../conversation/event.ts';
import { emptyConversation, reduce, type Conversation } from '../conversation/reduce.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import type { Model } from '../engine/model.ts';
import { createCatalogue } from '../engine/models/catalogue.ts';
import { createDemoModels } from '../engine/models/demo.ts';
import { tourText } from '../engine/models/tour.ts';
import { parseCursor } from '../log/cursor.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import { bytesOf, type Sendable } from '../sse/writer.ts';
import { createParser } from '../sse/parse.ts';
import type { SseMessage } from '../sse/event.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { deliverAnswer, deliverConversation } from './deliver.ts';
import { createFrames } from './frames.ts';

const minuteMs = 60_000;

/** Says what it is told to. */
function puppet() {
  const words: string[] = [];
  let wake: (() => void) | undefined;
  const model: Model = {
    id: 'test/puppet',
    name: 'Puppet',
    demo: false,
    continuesPrefix: true,
    async *stream({ signal }) {
      signal.addEventListener('abort', () => wake?.());
      while (!signal.aborted) {
        const word = words.shift();
        if (word === '') {
          yield { type: 'finish', reason: 'stop' };
          return;
        }
        if (word === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield { type: 'text', text: word };
      }
    },
  };
  return {
    model,
    /** "" ends the answer. */
    say(...more: string[]) {
      words.push(...more);
      wake?.();
    },
  };
}

const readers: AbortController[] = [];
afterEach(() => readers.splice(0).forEach((reader) => reader.abort()));

function bench() {
  const clock = createFakeClock();
  const random = createSeededRandom(8);
  const log = createMemoryLog({ clock, random });
  const actor = puppet();
  const models = createCatalogue([...createDemoModels({ clock }), actor.model]);
  const engine = createEngine({ log, models }, { clock, random });
  const deps = { engine, frames: createFrames(engine.epoch) };

  async function join(id: ConversationId, cursor?: string): Promise<AsyncGenerator<Sendable, void>> {
    const reader = new AbortController();
    readers.push(reader);
    const conversation = await engine.load(id);
    return deliverConversation(deps, {
      conversation,
      cursor: cursor === undefined ? undefined : parseCursor(cursor),
      signal: reader.signal,
    });
  }
  return { clock, log, actor, engine, deps, join };
}

async function take(reader: AsyncGenerator<Sendable, void>): Promise<Uint8Array> {
  const result = await reader.next();
  if (result.done === true) throw new Error('Expected more, got the end');
  return bytesOf(result.value);
}

function read(bytes: Uint8Array): SseMessage[] {
  const received: SseMessage[] = [];
  createParser({ onEvent: (message) => void received.push(message) }).feed(new TextDecoder().decode(bytes));
  return received;
}

const names = (bytes: Uint8Array): string[] => read(bytes).map(({ event }) => event);

/** The state after what was received, as a client comes to it. */
function apply(state: Conversation, bytes: Uint8Array): Conversation {
  let next = state;
  for (const { event, data, lastEventId } of read(bytes)) {
    const parsed = tryParseJson(data);
    if (!isRecord(parsed)) throw new Error(`Expected an object, got ${data}`);
    const offset = Number(lastEventId.split('.')[1]);
    const { from = offset, ...rest } = parsed;
    next =
      event === 'snapshot'
        ? (parsed as unknown as Conversation)
        : reduce(next, { from: Number(from), offset, event: parseEvent(event, rest) });
  }
  return next;
}

/** An answer that has said some words and is not at its end. */
async function halfAnswered({ engine, actor, clock }: ReturnType<typeof bench>) {
  const { id } = await engine.create({ model: 'test/puppet' });
  const sent = await engine.send(id, { text: 'Speak.' });
  await engine.recover();
  for (const word of ['one', ' two', ' three']) {
    actor.say(word);
    await clock.advance(1);
  }
  return { id, sent };
}

async function endAndRest({ actor, clock }: ReturnType<typeof bench>): Promise<void> {
  for (const word of [' four', ' five', '']) {
    actor.say(word);
    await clock.advance(1);
  }
  await clock.advance(70 * minuteMs);
}

describe('readers at one offset', () => {
  it('are sent the same bytes, those who were there and those who join', async () => {
    const setting = bench();
    const { engine, actor, clock, join } = setting;
    const { id } = await halfAnswered(setting);
    const two = [await join(id), await join(id)] as const;
    const snapshots = [await take(two[0]), await take(two[1])];
    expect(snapshots[1]).toBe(snapshots[0]);
    const [next, same] = [take(two[0]), take(two[1])];
    actor.say(' four');
    await clock.advance(1);
    expect(await same).toBe(await next);
    expect(names(await next)).toEqual(['delta']);
    const cursor = `${(await engine.load(id)).offset - 3}`;
    const late = await take(await join(id, cursor));
    expect(await take(await join(id, cursor))).toBe(late);
    const all = await take(await join(id, '0'));
    expect(apply(emptyConversation(id), all)).toEqual(await engine.load(id));
    await engine.close();
  });

  it('are sent one event for an answer of 10,000 deltas, hardly longer than its text', async () => {
    const { engine, log, join } = bench();
    const { id } = await engine.create({ model: 'demo/tour' });
    const { answer } = await engine.send(id, { text: 'hi' });
    await engine.close();
    const part = { message: answer.id, part: 0, value: { type: 'text', text: '' } };
    await log.append(id, [{ type: 'part', data: JSON.stringify(part) }]);
    const offset = await log.head(id);
    const words = tourText.match(/\s*\S+/g) ?? [];
    const deltas: Array<Omit<DeltaAdded, 'type'>> = [];
    let text = '';
    while (deltas.length < 10_000) {
      const word = words[deltas.length % words.length] ?? '';
      deltas.push({ message: answer.id, part: 0, at: text.length, text: word });
      text += word;
    }
    await log.append(
      id,
      deltas.map((delta) => ({ type: 'delta', data: JSON.stringify(delta) })),
    );
    const next = createEngine({ log, models: createCatalogue([]) });
    const reader = deliverConversation(
      { engine: next, frames: createFrames(next.epoch) },
      {
        conversation: await next.load(id),
        cursor: { epoch: undefined, offset },
        signal: new AbortController().signal,
      },
    );
    const bytes = await take(reader);
    expect(names(bytes)).toEqual(['delta']);
    expect(tryParseJson(read(bytes)[0]?.data ?? '')).toMatchObject({ at: 0, text });
    expect(bytes.length).toBeLessThan(1.1 * Buffer.byteLength(text));
    const snapshot = await take(await join(id));
    expect(snapshot.length).toBeLessThan(1.1 * Buffer.byteLength(text));
    await next.close();
  });
});

describe('a cursor that is not kept any more', () => {
  it('gives a snapshot, and then what comes', async () => {
    const setting = bench();
    const { engine, actor, clock, join } = setting;
    const { id } = await halfAnswered(setting);
    const middle = await engine.load(id);
    await endAndRest(setting);
    for (const offset of [middle.offset, middle.offset - 1]) {
      const reader = await join(id, `${engine.epoch}.${offset}`);
      const first = await take(reader);
      expect(names(first)).toEqual(['snapshot']);
      expect(apply(emptyConversation(id), first)).toEqual(await engine.load(id));
      const next = take(reader);
      await engine.send(id, { text: 'More.' });
      let state = apply(apply(emptyConversation(id), first), await next);
      actor.say('six', '');
      await clock.advance(10);
      while (state.offset < (await engine.load(id)).offset) state = apply(state, await take(reader));
      expect(state).toEqual(await engine.load(id));
      expect(state.messages.at(-1)?.parts[0]).toHaveProperty('text', 'six');
    }
    await engine.close();
  });

  it('gives a snapshot also in the middle of a stream, to a reader that had stalled', async () => {
    const setting = bench();
    const { engine, join } = setting;
    const { id } = await halfAnswered(setting);
    const reader = await join(id, '0');
    let state = apply(emptyConversation(id), await take(reader));
    expect(state.messages[1]?.parts[0]).toHaveProperty('text', 'one two three');
    await endAndRest(setting);
    const next = await take(reader);
    expect(names(next)).toEqual(['snapshot']);
    state = apply(state, next);
    expect(state).toEqual(await engine.load(id));
    expect(state.messages[1]?.parts[0]).toHaveProperty('text', 'one two three four five');
    await engine.close();
  });

  it('is not what readers at any other offset have', async () => {
    const setting = bench();
    const { engine, join } = setting;
    const { id } = await halfAnswered(setting);
    await endAndRest(setting);
    const whole = await engine.load(id);
    const boundaries = [0, 1, 2, 3, 4, 5, 6, whole.offset - 1];
    for (const offset of boundaries) {
      const bytes = await take(await join(id, `${offset}`));
      expect(names(bytes)).not.toContain('snapshot');
      expect(read(bytes).at(-1)?.lastEventId).toBe(`${engine.epoch}.${whole.offset}`);
    }
    await engine.close();
  });
});

describe('an answer in the response', () => {
  function answerReader(
    { deps }: ReturnType<typeof bench>,
    id: ConversationId,
    sent: Awaited<ReturnType<Engine['send']>>,
  ) {
    const messages = [sent.message.id, sent.answer.id];
    const signal = new AbortController().signal;
    return deliverAnswer(deps, { id, after: sent.first - 1, messages, runs: [sent.run.id], signal });
  }

  async function readAll(reader: AsyncGenerator<Sendable, void>, from: Conversation): Promise<Conversation> {
    let state = from;
    for await (const sendable of reader) state = apply(state, bytesOf(sendable));
    return state;
  }

  it('is whole for a request that is repeated when it has become one entry', async () => {
    const setting = bench();
    const { engine } = setting;
    const { id, sent } = await halfAnswered(setting);
    await endAndRest(setting);
    const created = await engine.load(id);
    const start = {
      ...emptyConversation(id),
      offset: sent.first - 1,
      model: created.model,
      createdAtMs: created.createdAtMs,
    };
    expect(await readAll(answerReader(setting, id, sent), start)).toEqual(created);
    await engine.close();
  });

  it('goes on from the beginning of what became one entry, where its reader had stalled within', async () => {
    const setting = bench();
    const { engine } = setting;
    const { id, sent } = await halfAnswered(setting);
    const reader = answerReader(setting, id, sent);
    const created = await engine.load(id);
    let state: Conversation = {
      ...emptyConversation(id),
      offset: sent.first - 1,
      model: created.model,
      createdAtMs: created.createdAtMs,
    };
    while (state.offset < created.offset) state = apply(state, await take(reader));
    await endAndRest(setting);
    expect(await readAll(reader, state)).toEqual(await engine.load(id));
    await engine.close();
  });
});
