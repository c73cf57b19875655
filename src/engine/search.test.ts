// What a search finds: titles, what people wrote, what answers said in the end.
import { describe, expect, it } from 'vitest';
import { StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import type { AppendOptions, Log } from '../log/log.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createEngine, type Engine } from './engine.ts';
import type { Model } from './model.ts';
import { createCatalogue } from './models/catalogue.ts';
import { createDemoModels } from './models/demo.ts';

const oracle: Model = {
  id: 'test/oracle',
  name: 'Oracle',
  demo: false,
  continuesPrefix: true,
  async *stream({ prefix, signal }) {
    if (prefix === '') yield { type: 'text', text: 'The capital is ' };
    await new Promise<void>((resolve, reject) => {
      if (prefix === '') signal.addEventListener('abort', () => reject(signal.reason as Error));
      else resolve();
    });
    yield { type: 'text', text: 'Reykjavík.' };
    yield { type: 'finish', reason: 'stop' };
  },
};

function bench() {
  const clock = createFakeClock();
  const random = createSeededRandom(21);
  const log = createMemoryLog({ clock, random });
  const texts: string[] = [];
  let beforeEnd: ((id: string) => Promise<void>) | undefined;
  const watched: Log = {
    ...log,
    append: async (stream, entries, options: AppendOptions = {}) => {
      if (options.index !== undefined && entries.every(({ type }) => type === 'run')) await beforeEnd?.(stream);
      const result = await log.append(stream, entries, options);
      if (options.index?.text !== undefined) texts.push(options.index.text);
      return result;
    },
  };
  const start = () =>
    createEngine(
      { log: watched, models: createCatalogue([...createDemoModels({ clock }), oracle]) },
      { clock, random },
    );
  /** Does something in the moment before an answer's end is appended. */
  const onEnd = (call: (id: string) => Promise<void>): void => void (beforeEnd = call);
  return { clock, log, texts, start, onEnd };
}

const found = async (engine: Engine, search: string): Promise<string[]> =>
  (await engine.list({ search })).rows.map(({ stream }) => stream);

describe('a search', () => {
  it('finds a conversation by its title, by a message, and by an answer once that has ended', async () => {
    const { clock, texts, start } = bench();
    const engine = start();
    const { id } = await engine.create({ title: 'Geography', model: 'demo/echo' });
    const other = await engine.create({ title: 'Cooking' });
    await engine.send(id, { text: 'Fjords of Norway' });
    await clock.advance(30);
    expect(texts).toEqual(['Fjords of Norway']);
    await clock.advance(1_000);
    expect(texts).toEqual(['Fjords of Norway', 'Fjords of Norway']);
    expect(await found(engine, 'geog')).toEqual([id]);
    expect(await found(engine, 'norway fjo')).toEqual([id]);
    expect(await found(engine, 'cook')).toEqual([other.id]);
    expect(await found(engine, 'volcano')).toEqual([]);
    await engine.close();
  });

  it('finds what a stopped answer had said, and an answer without a word adds nothing', async () => {
    const { clock, texts, start } = bench();
    const engine = start();
    const { id } = await engine.create({ model: 'test/oracle' });
    const { run } = await engine.send(id, { text: 'Which one?' });
    const queued = await engine.send(id, { text: 'And then?' });
    await clock.advance(1);
    await engine.stop(queued.run.id);
    await engine.stop(run.id);
    expect(texts).toEqual(['Which one?', 'And then?', 'The capital is ']);
    expect(await found(engine, 'capital')).toEqual([id]);
    await engine.close();
  });

  it('knows an answer once, whole, that was continued after a takeover', async () => {
    const { clock, texts, start } = bench();
    const first = start();
    const { id } = await first.create({ model: 'test/oracle' });
    await first.send(id, { text: 'Iceland?' });
    await clock.advance(1);
    await first.close();
    const second = start();
    await second.recover();
    await clock.advance(1);
    expect(texts).toEqual(['Iceland?', 'The capital is Reykjavík.']);
    expect(await found(second, 'capital reyk')).toEqual([id]);
    await second.close();
    const third = start();
    expect(await third.recover()).toBe(0);
    await third.close();
    expect(texts).toHaveLength(2);
  });

  it('writes an end once whose answer got lost', async () => {
    const { clock, log, start, onEnd, texts } = bench();
    const engine = start();
    const { id } = await engine.create({ model: 'demo/echo' });
    let ends = 0;
    onEnd(async (stream) => {
      ends += 1;
      if (ends > 1) return;
      // The first is written, and its caller told otherwise.
      const [running] = (await engine.load(stream as ConversationId)).runs;
      await log.append(stream, [{ type: 'run', data: JSON.stringify({ ...running, status: 'done' }) }]);
      throw new StreamError('store-unavailable', 'gone for a moment');
    });
    await engine.send(id, { text: 'hello' });
    await clock.advance(5_000);
    const { runs } = await engine.load(id);
    expect(runs).toMatchObject([{ status: 'done' }]);
    expect(texts).toEqual(['hello']);
    await engine.close();
  });

  it('keeps the newest title, also one that is written as the answer ends', async () => {
    const { clock, log, start, onEnd } = bench();
    const engine = start();
    const { id } = await engine.create({ title: 'Old', model: 'demo/echo' });
    onEnd(async (stream) => {
      const title = 'New';
      await log.append(stream, [{ type: 'conversation', data: JSON.stringify({ title }) }], {
        index: { owner: 'local', title },
      });
    });
    await engine.send(id, { text: 'hello' });
    await clock.advance(1_000);
    expect((await engine.list()).rows).toMatchObject([{ stream: id, title: 'New' }]);
    expect((await engine.load(id)).runs).toMatchObject([{ status: 'done' }]);
    await engine.close();
  });

  it('does not hold up an end between writes that never cease', async () => {
    const { clock, log, start, onEnd } = bench();
    const engine = start();
    const { id } = await engine.create({ model: 'demo/echo' });
    onEnd(async (stream) => void (await log.append(stream, [{ type: 'later', data: '{}' }])));
    await engine.send(id, { text: 'hello' });
    for (let turn = 0; turn < 20; turn += 1) await clock.advance(100);
    expect((await engine.load(id)).runs).toMatchObject([{ status: 'done' }]);
    await engine.close();
  });
});

it('a list has pages, and says where to go on', async () => {
  const { clock, start } = bench();
  const engine = start();
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) {
    ids.unshift((await engine.create({ title: `Number ${count}` })).id);
    await clock.advance(1);
  }
  const first = await engine.list({ limit: 2 });
  const second = await engine.list({ limit: 2, pageToken: first.next ?? '' });
  const third = await engine.list({ limit: 2, pageToken: second.next ?? '' });
  expect([first, second, third].flatMap(({ rows }) => rows.map(({ stream }) => stream))).toEqual(ids);
  expect(third.next).toBe(null);
  await expect(engine.list({ pageToken: 'x' })).rejects.toMatchObject({ code: 'page-token-invalid' });
  await engine.close();
});
