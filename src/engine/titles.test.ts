import { describe, expect, it } from 'vitest';
import { bench, lastStatus, puppet, until } from '../../test/support/engine.ts';
import { titleFrom } from './titles.ts';

/** A conversation whose first answer has ended, and whose model has been asked for a title. */
async function answered() {
  const actor = puppet();
  const world = bench({ models: [actor.model], titles: true });
  const { engine } = world;
  const { id } = await engine.create({ model: 'test/puppet' });
  await engine.send(id, { text: 'How do I bake bread that rises, in a small oven, without yeast?' });
  actor.say('With soda.');
  actor.finish();
  await until(engine, id, (state) => lastStatus(state) === 'done');
  await world.clock.advance(1);
  return { actor, id, ...world };
}

describe('a title', () => {
  it('[CONV-TITLE] by rule comes with the message; a better one from the model that answered first', async () => {
    const { actor, engine, id } = await answered();
    expect((await engine.load(id)).title).toBe('How do I bake bread that rises, in a small oven, without…');
    expect(actor.requests[1]).toMatchObject({ messages: [{ role: 'user' }], tools: [] });
    actor.say('"Bread without', ' yeast."\nIt rises.');
    actor.finish();
    const { title } = await until(engine, id, (state) => state.title.startsWith('Bread'));
    expect(title).toBe('Bread without yeast');
    expect((await engine.list({ search: 'yeast' })).rows).toMatchObject([{ title }]);
    await engine.send(id, { text: 'And cake?' });
    actor.say('Alike.');
    actor.finish();
    await until(engine, id, ({ runs }) => runs[1]?.status === 'done');
    expect(actor.requests).toHaveLength(3);
    await engine.close();
  });

  it('[CONV-TITLE] that a person gave meanwhile stays', async () => {
    const { actor, engine, clock, id } = await answered();
    await engine.change(id, { title: 'Mine' });
    actor.say('Bread');
    actor.finish();
    await clock.advance(1_000);
    expect((await engine.load(id)).title).toBe('Mine');
    await engine.close();
  });

  it('by rule stays where the model says nothing or fails, and a close does not wait for it', async () => {
    const { actor, engine, clock, id } = await answered();
    const { title } = await engine.load(id);
    actor.say(new Error('no'));
    await clock.advance(1_000);
    expect((await engine.load(id)).title).toBe(title);
    const other = await answered();
    await other.engine.close();
    expect(other.clock.pending).toBe(0);
    await engine.close();
  });

  it('[CONV-TITLE] is not asked of a demo model', async () => {
    const { engine, clock } = bench({ titles: true });
    const { id } = await engine.create({ model: 'demo/echo' });
    await engine.send(id, { text: 'a b' });
    await clock.advance(60_000);
    expect((await engine.load(id)).title).toBe('a b');
  });

  it('by rule is cut at a word', () => {
    expect(titleFrom('x'.repeat(80))).toBe(`${'x'.repeat(60)}…`);
    expect(titleFrom(' \n')).toBe('');
  });
});
