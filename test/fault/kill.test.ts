// The server is killed in mid-answer, again and again, and started again. A viewer stays, and ends
// with the exact text.
import { expect, it } from 'vitest';
import { createClient, textOf, type Conversation, type Phase } from 'verbatim/client';
import { tourText } from 'verbatim/models';
import { createSeededRandom } from 'verbatim/testing';
import { call, isEnd, readEvents, textFrom } from '../support/api.ts';
import { createWorkspace } from '../support/program.ts';

/** Watches as a screen does, and fails at once when a text shrinks or is not the beginning of the whole. */
function watch(url: string, id: Conversation['id'], whole: string) {
  const store = createClient({ baseUrl: url }).conversation(id);
  const phases: Phase[] = [];
  const lengths: number[] = [];
  const waiting = new Set<{ readonly length: number; resolve(): void }>();
  const ended = Promise.withResolvers<Conversation>();
  const stop = store.subscribe(() => {
    const { conversation, phase } = store.getSnapshot();
    if (phases.at(-1) !== phase) phases.push(phase);
    const answer = conversation?.messages.at(-1);
    if (conversation === undefined || answer?.role !== 'assistant') return;
    const text = textOf(answer);
    if (!whole.startsWith(text)) ended.reject(new Error(`not what the model says: …${text.slice(-80)}`));
    if (text.length < (lengths.at(-1) ?? 0)) ended.reject(new Error('a word that was shown was taken back'));
    if (text.length !== lengths.at(-1)) lengths.push(text.length);
    for (const waiter of waiting) if (text.length >= waiter.length) waiter.resolve();
    if (answer.status !== 'queued' && answer.status !== 'running') ended.resolve(conversation);
  });
  return {
    phases,
    lengths,
    ended: ended.promise,
    reaches: async (length: number) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add({ length, resolve });
      if (length <= (lengths.at(-1) ?? 0)) resolve();
      await Promise.race([promise, ended.promise]);
    },
    stop,
  };
}

it('loses and repeats nothing over kill -9 at random points, and the viewer comes back by itself', async () => {
  const seed = 20_261_123;
  const random = createSeededRandom(seed);
  using workspace = createWorkspace();
  let program = await workspace.start();
  const { port, url } = program;
  const { body: conversation } = await call(`${url}/api/conversations`, 'POST', { model: 'demo/tour' });
  await call(`${url}/api/conversations/${conversation.id}/messages`, 'POST', { text: 'Hi' });
  const viewer = watch(url, conversation.id, tourText);
  const kills = 4;
  for (let kill = 1; kill <= kills; kill += 1) {
    await viewer.reaches(Math.floor(((kill - random.float() * 0.5) / (kills + 1)) * tourText.length));
    await program.kill('SIGKILL');
    program = await workspace.start({ port });
    expect(program.output).toContain('Resumed 1 answer that was cut');
  }
  await using last = program;
  const state = await viewer.ended;
  viewer.stop();
  expect(state.messages.slice(1).map(textOf), `seed ${seed}`).toEqual([tourText]);
  expect(state.runs).toMatchObject([{ status: 'done', attempt: kills + 1 }]);
  expect(viewer.phases.filter((phase) => phase === 'stale').length).toBeGreaterThanOrEqual(kills);
  const { events } = await readEvents(`${last.url}/api/conversations/${conversation.id}/events?after=0`, {
    until: isEnd,
  });
  expect(textFrom(events)).toBe(tourText);
});

it('leaves a run to the next start on SIGTERM, and ends with 0', async () => {
  using workspace = createWorkspace();
  const first = await workspace.start();
  const { body: conversation } = await call(`${first.url}/api/conversations`, 'POST', { model: 'demo/tour' });
  await call(`${first.url}/api/conversations/${conversation.id}/messages`, 'POST', { text: 'Hi' });
  const viewer = watch(first.url, conversation.id, tourText);
  await viewer.reaches(500);
  expect(await first.kill('SIGTERM')).toBe(0);
  await using second = await workspace.start({ port: first.port });
  expect(second.output).toContain('Resumed 1 answer that was cut');
  expect((await viewer.ended).messages.slice(1).map(textOf)).toEqual([tourText]);
  viewer.stop();
});
