// The server is killed in mid-answer, again and again, and started again. A viewer stays, and ends
// with the exact text.
import { expect, it } from 'vitest';
import { createClient, textOf, type Conversation, type Phase } from 'verbatim/client';
import { createSeededRandom } from 'verbatim/testing';
import { call, isEnd, readEvents, textFrom } from '../support/api.ts';
import { longText } from '../support/long-text.ts';
import { createWorkspace } from '../support/program.ts';

/** Asks for the long text, and watches the answer as a screen does: fails at once where that shrinks or is not the beginning. */
async function begin(url: string) {
  const { body: conversation } = await call(`${url}/api/conversations`, 'POST', { model: 'demo/echo' });
  const { id } = conversation as Conversation; // As the API gives it.
  const { body: sent } = await call(`${url}/api/conversations/${id}/messages`, 'POST', { text: longText });
  // Without its share of chance a wait is what the server asks for, which no number of kills makes longer.
  const random = { ...createSeededRandom(1), float: () => 0 };
  const store = createClient({ baseUrl: url }, { random }).conversation(id);
  let length = 0;
  let phase: Phase = 'connecting';
  const waiting = new Set<() => void>();
  const ended = Promise.withResolvers<Conversation>();

  function look(): void {
    const view = store.getSnapshot();
    const answer = view.conversation?.messages.at(-1);
    phase = view.phase;
    if (view.conversation !== undefined && answer?.role === 'assistant') {
      const text = textOf(answer);
      if (!longText.startsWith(text)) ended.reject(new Error(`not what the model says: …${text.slice(-80)}`));
      if (text.length < length) ended.reject(new Error('a word that was shown was taken back'));
      length = text.length;
      if (answer.status !== 'queued' && answer.status !== 'running') ended.resolve(view.conversation);
    }
    for (const lookAgain of waiting) lookAgain();
  }

  /** Resolves when it holds; fails where the answer ends before. */
  async function until(holds: () => boolean): Promise<void> {
    const held = Promise.withResolvers<void>();
    const lookAgain = (): void => {
      if (holds()) held.resolve();
    };
    waiting.add(lookAgain);
    lookAgain();
    await Promise.race([
      held.promise,
      ended.promise.then(() => Promise.reject(new Error('The answer ended too early'))),
    ]);
    waiting.delete(lookAgain);
  }

  const stopWatching = store.subscribe(look);
  return {
    id,
    /** Resolves when so much more is shown than now. */
    async shows(more: number): Promise<void> {
      const least = length + more;
      await until(() => length >= least);
    },
    /** Resolves when the viewer has noticed that the server is gone. */
    notices: async () => await until(() => phase === 'stale'),
    /** Stops the answer and gives what is shown in the end. */
    async stop(): Promise<Conversation> {
      await call(`${url}/api/runs/${sent.run.id}/stop`, 'POST');
      const last = await ended.promise;
      stopWatching();
      return last;
    },
  };
}

/** What is in the store, as one sees it who comes when all is over. */
async function storedText(url: string, id: Conversation['id']): Promise<string> {
  const { events } = await readEvents(`${url}/api/conversations/${id}/events?after=0`, { until: isEnd });
  return textFrom(events);
}

it('loses and repeats nothing over kill -9 at random points, and the viewer comes back by itself', async () => {
  const seed = 20_261_123;
  const random = createSeededRandom(seed);
  using workspace = createWorkspace();
  let program = await workspace.start();
  const { port, url } = program;
  const viewer = await begin(url);
  const kills = 4;
  for (let kill = 1; kill <= kills; kill += 1) {
    await viewer.shows(1 + Math.floor(random.float() * 600));
    await program.kill('SIGKILL');
    await viewer.notices();
    program = await workspace.start({ port });
    expect(program.output).toContain('Resumed 1 answer that was cut');
  }
  await using last = program;
  await viewer.shows(100);
  const { messages, runs } = await viewer.stop();
  expect(runs).toMatchObject([{ status: 'stopped', attempt: kills + 1 }]);
  expect(messages.slice(1).map(textOf), `seed ${seed}`).toEqual([await storedText(last.url, viewer.id)]);
});

it('leaves a run to the next start on SIGTERM, and ends with 0', async () => {
  using workspace = createWorkspace();
  const first = await workspace.start();
  const viewer = await begin(first.url);
  await viewer.shows(500);
  expect(await first.kill('SIGTERM')).toBe(0);
  await viewer.notices();
  await using second = await workspace.start({ port: first.port });
  expect(second.output).toContain('Resumed 1 answer that was cut');
  await viewer.shows(100);
  const { messages, runs } = await viewer.stop();
  expect(runs).toMatchObject([{ status: 'stopped', attempt: 2 }]);
  expect(messages.slice(1).map(textOf)).toEqual([await storedText(second.url, viewer.id)]);
});
