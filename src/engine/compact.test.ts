import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../core/errors.ts';
import { mintMessageId, type ConversationId } from '../core/ids.ts';
import type { TelemetryEvent } from '../core/telemetry.ts';
import { emptyConversation, reduce, type Conversation } from '../conversation/reduce.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import type { Entry, Log } from '../log/log.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { mergeEntries } from './compact.ts';
import { createEngine, type Engine } from './engine.ts';
import { placedEventOf } from './entries.ts';
import type { Model } from './model.ts';
import { createCatalogue } from './models/catalogue.ts';
import { createDemoModels } from './models/demo.ts';

const minuteMs = 60_000;

/** A model that says two words and then nothing, until it is let go. */
function thinker() {
  const gate = Promise.withResolvers<void>();
  const model: Model = {
    id: 'test/thinker',
    name: 'Thinker',
    demo: false,
    continuesPrefix: false,
    async *stream() {
      yield { type: 'text', text: 'Well,' };
      await Promise.resolve();
      yield { type: 'text', text: ' hm' };
      await gate.promise;
      yield { type: 'text', text: '. Yes.' };
      yield { type: 'finish', reason: 'stop' };
    },
  };
  return { model, letGo: gate.resolve };
}

/** Lets work of many steps come to its end. */
async function settle(clock: ReturnType<typeof createFakeClock>): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await clock.advance(0);
}

/** With models that say nothing for hours. */
const patience = { firstTokenTimeoutMs: Infinity, silenceTimeoutMs: Infinity };

function bench(models: readonly Model[] = []) {
  const clock = createFakeClock();
  const random = createSeededRandom(5);
  const log = createMemoryLog({ clock, random });
  const events: TelemetryEvent[] = [];
  const start = (through: Log = log, options: { graceMs?: number } = {}) =>
    createEngine(
      { log: through, models: createCatalogue([...createDemoModels({ clock }), ...models]), patience, ...options },
      { clock, random, telemetry: (event) => void events.push(event) },
    );
  const failed = () => events.flatMap((event) => (event.type === 'background-failed' ? [event.task] : []));
  return { clock, random, log, start, failed };
}

/** A conversation with an answer of many deltas that has ended. */
async function chat(
  engine: Engine,
  clock: ReturnType<typeof bench>['clock'],
  text = 'a b c d e f g',
): Promise<ConversationId> {
  const { id } = await engine.create({ model: 'demo/echo' });
  await engine.send(id, { text });
  await clock.advance(5_000);
  return id;
}

async function entriesOf(log: Log, stream: string): Promise<readonly Entry[]> {
  return await log.read(stream, { after: 0, limit: 100_000 });
}

const shapeOf = async (log: Log, stream: string) =>
  (await entriesOf(log, stream)).map(({ type, from, offset }) => `${type} ${from}-${offset}`);

const reduceAll = (id: ConversationId, entries: readonly Entry[]): Conversation =>
  entries.map(placedEventOf).reduce(reduce, emptyConversation(id));

const deltasIn = (entries: readonly Entry[]): number =>
  entries.filter(({ type }) => type === 'delta' || type === 'part').length;

describe('compaction', () => {
  it('makes each answer one entry when nothing was added for the grace time, and changes nothing of what it says', async () => {
    const { clock, log, start } = bench();
    const engine = start();
    await engine.recover();
    const id = await chat(engine, clock);
    const before = await entriesOf(log, id);
    const state = await engine.load(id);
    await clock.advance(54 * minuteMs);
    expect(await entriesOf(log, id)).toEqual(before);
    await clock.advance(11 * minuteMs);
    expect(await shapeOf(log, id)).toEqual([
      'conversation 1-1',
      'conversation 2-2',
      'message 3-3',
      'message 4-4',
      'run 5-5',
      'run 6-6',
      'part 7-13',
      'run 14-14',
    ]);
    expect(reduceAll(id, await entriesOf(log, id))).toEqual(state);
    expect(await log.untrimmed({ quietSinceMs: clock.now(), limit: 10 })).toEqual([]);
    await engine.send(id, { text: 'h i j' });
    await clock.advance(65 * minuteMs);
    expect(deltasIn(await entriesOf(log, id))).toBe(2);
    expect(await engine.load(id)).toEqual(reduceAll(id, await entriesOf(log, id)));
    await engine.close();
  });

  it('counts the grace time through a restart, and comes soon after a start that is due', async () => {
    const { clock, log, start } = bench();
    const first = start();
    await first.recover();
    const id = await chat(first, clock);
    const written = await entriesOf(log, id);
    await clock.advance(30 * minuteMs);
    await first.close();
    const second = start();
    await second.recover();
    await clock.advance(25 * minuteMs);
    expect(await entriesOf(log, id)).toEqual(written);
    await second.close();
    await clock.advance(24 * 60 * minuteMs);
    expect(await entriesOf(log, id)).toEqual(written);
    const third = start();
    await third.recover();
    await clock.advance(10_000);
    expect(deltasIn(await entriesOf(log, id))).toBe(1);
    await third.close();
    expect(clock.pending).toBe(0);
  });

  it('takes the grace time from its options, up to never', async () => {
    const { clock, log, start } = bench();
    const engine = start(log, { graceMs: Infinity });
    await engine.recover();
    const id = await chat(engine, clock);
    await clock.advance(24 * 60 * minuteMs);
    expect(deltasIn(await entriesOf(log, id))).toBe(7);
    await engine.close();
    const soon = start(log, { graceMs: 0 });
    await soon.recover();
    await clock.advance(10_000);
    expect(deltasIn(await entriesOf(log, id))).toBe(1);
    await soon.close();
  });

  it('lets a conversation with a live run be, without reading it at each look, until that has ended', async () => {
    const { model, letGo } = thinker();
    const { clock, log, start } = bench([model]);
    let reads = 0;
    const engine = start({
      ...log,
      read: async (...args) => {
        reads += 1;
        return await log.read(...args);
      },
    });
    await engine.recover();
    const { id } = await engine.create({ model: 'test/thinker' });
    await engine.send(id, { text: 'Is it so?' });
    await clock.advance(65 * minuteMs);
    expect(deltasIn(await entriesOf(log, id))).toBe(2);
    const before = reads;
    await clock.advance(120 * minuteMs);
    expect(reads).toBe(before);
    letGo();
    await clock.advance(65 * minuteMs);
    expect(deltasIn(await entriesOf(log, id))).toBe(1);
    expect((await engine.load(id)).messages[1]).toMatchObject({ status: 'done', parts: [{ text: 'Well, hm. Yes.' }] });
    await engine.close();
  });

  it('gets at the others behind any number that must be let be', async () => {
    const { model } = thinker();
    const { clock, log, start } = bench([model]);
    const engine = start();
    await engine.recover();
    for (let count = 0; count < 50; count += 1) {
      const { id } = await engine.create({ model: 'test/thinker' });
      await engine.send(id, { text: 'x' });
    }
    const id = await chat(engine, clock);
    await clock.advance(65 * minuteMs);
    await settle(clock);
    expect(deltasIn(await entriesOf(log, id))).toBe(1);
    await engine.close();
  });

  it('goes on with every other conversation where one cannot be read, and says so once', async () => {
    const { clock, log, start, failed } = bench();
    const ids: ConversationId[] = [];
    const engine = start({
      ...log,
      read: async (...args) => {
        if (args[0] === ids[0] && ids.length === 3) throw new StreamError('store-unusable', 'damaged');
        return await log.read(...args);
      },
    });
    await engine.recover();
    for (const text of ['one two', 'three four', 'five six']) ids.push(await chat(engine, clock, text));
    await clock.advance(180 * minuteMs);
    const counts = [];
    for (const id of ids) counts.push(deltasIn(await entriesOf(log, id)));
    expect(counts).toEqual([2, 1, 1]);
    expect(failed()).toEqual([`compaction of ${ids[0]}`]);
    await engine.close();
  });

  it('waits for a store that is away, and for one of its streams', async () => {
    const { clock, log, start, failed } = bench();
    let away: 'all' | 'one' | undefined = 'all';
    const gone = (): Error => new StreamError('store-unavailable', 'gone for a moment');
    const engine = start({
      ...log,
      untrimmed: async (options) => {
        if (away === 'all') throw gone();
        return await log.untrimmed(options);
      },
      head: async (stream) => {
        if (away === 'one') throw gone();
        return await log.head(stream);
      },
    });
    const id = await chat(engine, clock);
    await clock.advance(60 * minuteMs);
    await engine.recover();
    await clock.advance(minuteMs);
    away = 'one';
    await clock.advance(5 * minuteMs);
    expect(failed()).toEqual(['compaction', `compaction of ${id}`]);
    expect(deltasIn(await entriesOf(log, id))).toBe(7);
    away = undefined;
    await clock.advance(5 * minuteMs);
    expect(deltasIn(await entriesOf(log, id))).toBe(1);
    await engine.close();
  });

  it('compacts in steps what is more than one, as it would in one', async () => {
    const { clock, log, start } = bench();
    const text = Array.from({ length: 500 }, (_, index) => `word${index}`).join(' ');
    const trims: number[] = [];
    const engine = start({
      ...log,
      read: async (stream, { after, limit = 7 }) => await log.read(stream, { after, limit: Math.min(limit, 7) }),
      trim: async (stream, entries) => {
        trims.push(entries.length);
        await log.trim(stream, entries);
      },
    });
    await engine.recover();
    const id = await chat(engine, clock, text);
    await clock.advance(minuteMs);
    await engine.send(id, { text });
    await clock.advance(minuteMs);
    const before = await entriesOf(log, id);
    await clock.advance(65 * minuteMs);
    await settle(clock);
    const after = await entriesOf(log, id);
    expect(after).toEqual(mergeEntries(before));
    expect(deltasIn(after)).toBe(2);
    // What no delta of a step concerns is not written anew.
    expect(trims.length).toBeLessThan(8);
    await engine.close();
  });

  it('does not take in what is written while it works', async () => {
    const { model } = thinker();
    const { clock, log, start } = bench([model]);
    let isOpen = true;
    const engine: Engine = start({
      ...log,
      trim: async (stream, entries) => {
        if (isOpen) {
          isOpen = false;
          await engine.send(stream as ConversationId, { text: 'Still there?', model: 'test/thinker' });
        }
        await log.trim(stream, entries);
      },
    });
    await engine.recover();
    const id = await chat(engine, clock);
    const head = await log.head(id);
    await clock.advance(70 * minuteMs);
    const entries = await entriesOf(log, id);
    expect(deltasIn(entries.filter(({ offset }) => offset <= head))).toBe(1);
    expect(deltasIn(entries.filter(({ offset }) => offset > head))).toBe(2);
    expect((await engine.load(id)).runs.map(({ status }) => status)).toEqual(['done', 'running']);
    await engine.close();
  });

  it('lets streams that are no conversations be, and looks at each once', async () => {
    const { clock, log, start } = bench();
    const engine = start();
    await engine.recover();
    await engine.create({ title: 'x' }, { key: 'one' });
    await engine.create({ title: 'y' }, { key: 'two' });
    const before = await entriesOf(log, 'keys:local');
    await clock.advance(65 * minuteMs);
    expect(await entriesOf(log, 'keys:local')).toEqual(before);
    expect(await log.untrimmed({ quietSinceMs: clock.now(), limit: 10 })).toEqual([]);
    expect((await engine.create({ title: 'x' }, { key: 'one' })).title).toBe('x');
    await engine.close();
  });

  it('is ended by a close, which waits for what is being written', async () => {
    const { clock, log, start } = bench();
    const gate = Promise.withResolvers<void>();
    let trims = 0;
    const engine = start({
      ...log,
      trim: async (...args) => {
        trims += 1;
        await gate.promise;
        await log.trim(...args);
      },
    });
    await engine.recover();
    await chat(engine, clock);
    await chat(engine, clock);
    await clock.advance(65 * minuteMs);
    let isClosed = false;
    const closing = engine.close().then(() => (isClosed = true));
    await clock.advance(minuteMs);
    expect(isClosed).toBe(false);
    gate.resolve();
    await closing;
    expect(clock.pending).toBe(0);
    expect(trims).toBeLessThanOrEqual(2);
  });
});

describe('entries', () => {
  const random = createSeededRandom(9);
  const [one, two] = [mintMessageId(random), mintMessageId(random)];
  const place = (entries: ReadonlyArray<{ type: string; data: string }>): Entry[] =>
    entries.map((entry, index) => ({ ...entry, from: index + 1, offset: index + 1, atMs: index }));
  const delta = (fields: object): { type: string; data: string } => ({ type: 'delta', data: JSON.stringify(fields) });

  it('of a newer version, and any that are not joined, stay to the byte', () => {
    const entries = place([
      { type: 'reaction', data: '{ "emoji" : "👋" }' },
      { type: 'conversation', data: '{"title":"x", "colour":"red"}' },
      { type: 'message', data: 'no JSON at all' },
      delta({ message: one, part: 0, at: 0, text: 'a' }),
      delta({ message: one, part: 0, at: 1, text: 'b', language: 'en' }),
      delta({ message: one, part: 0, at: 2, text: 'c' }),
      delta({ message: one, part: 'title', at: 3, text: 'd' }),
    ]);
    const merged = mergeEntries(entries);
    expect(merged).toHaveLength(entries.length);
    for (const [index, entry] of merged.entries()) expect(entry).toBe(entries[index]);
  });

  it('that were joined say from where, and when the last was written', () => {
    const entries = place([
      delta({ message: one, part: 0, at: 0, text: '\ud83d' }),
      delta({ message: one, part: 0, at: 1, text: '\udc4b' }),
      delta({ message: one, part: 0, at: 2, text: '!' }),
    ]);
    const data = JSON.stringify({ message: one, part: 0, at: 0, text: '👋!' });
    expect(mergeEntries(entries)).toEqual([{ type: 'delta', data, from: 1, offset: 3, atMs: 2 }]);
  });

  it('are joined up to a length that a step can hold', () => {
    const text = 'x'.repeat(300_000);
    const entries = place(
      Array.from({ length: 12 }, (_, index) => delta({ message: one, part: 0, at: index * text.length, text })),
    );
    let merged: Entry[] = [];
    for (const entry of entries) merged = mergeEntries([...merged, entry]);
    expect(merged.map(({ from, offset }) => [from, offset])).toEqual([
      [1, 4],
      [5, 8],
      [9, 12],
    ]);
  });

  it('give the same events however they are grouped', () => {
    const piece = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.tuple(fc.constantFrom(one, two), fc.constantFrom('a', 'bc', '', '\ud83d', '\udc4b', '"\n')),
      },
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.nat(30), (pieces, at) => {
        const lengths = new Map<string, number>();
        const entries = place(
          pieces.map((given) => {
            if (given === null) return { type: 'later', data: '{"a" :1}' };
            const [message, text] = given;
            const begin = lengths.get(message) ?? 0;
            lengths.set(message, begin + text.length);
            return delta({ message, part: 0, at: begin, text });
          }),
        );
        const whole = mergeEntries(entries);
        expect(mergeEntries([...mergeEntries(entries.slice(0, at)), ...mergeEntries(entries.slice(at))])).toEqual(
          whole,
        );
        expect(mergeEntries(whole)).toEqual(whole);
        expect(whole.filter(({ type }) => type === 'later')).toEqual(entries.filter(({ type }) => type === 'later'));
        const ends = whole.map(({ offset }) => offset);
        expect(whole.map(({ from }) => from - 1)).toEqual([0, ...ends].slice(0, whole.length));
        expect(ends.at(-1) ?? 0).toBe(entries.length);
      }),
    );
  });
});
