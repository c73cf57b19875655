// The server is killed in the midst of many answers, again and again, and started again on its store.
// Everyone stays: who sends, who watches. Every answer ends, whole, and nobody is shown a word that is
// taken back. `VERBATIM_KILLS=200 npx vitest run --project e2e test/fault/kill` does it 200 times.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { textOf, type Conversation } from 'verbatim/client';
import { tourText } from 'verbatim/models';
import { createSeededRandom } from 'verbatim/testing';
import { call } from '../support/api.ts';
import { longText } from '../support/long-text.ts';
import { createWorkspace } from '../support/program.ts';
import { beginTalk, type Talk } from './kill/talk.ts';
import { watchStore, type Viewer } from './kill/viewers.ts';

const kills = Number(process.env['VERBATIM_KILLS'] ?? 8);
const seed = Number(process.env['VERBATIM_SEED'] ?? 20_261_123);
const talkCount = 8;
/** With the next it would be given up: `defaultTakeoverBudget`. */
const maxCuts = 4;
/** Shown on all screens between two kills. */
const maxProgress = 6_000;
/** What Node compiled is kept, so that a start takes half the time. */
const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'verbatim-test-compiled') };

/** Conditions that are looked at whenever something has happened. */
function createWaiting() {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined); // Whoever waits is told.
  const waiting = new Set<() => void>();
  return {
    fail: (error: unknown) => failed.reject(error),
    changed(): void {
      for (const lookAgain of waiting) lookAgain();
    },
    async until(holds: () => boolean): Promise<void> {
      const held = Promise.withResolvers<void>();
      const lookAgain = (): void => {
        if (holds()) held.resolve();
      };
      waiting.add(lookAgain);
      lookAgain();
      try {
        await Promise.race([held.promise, failed.promise]);
      } finally {
        waiting.delete(lookAgain);
      }
    },
  };
}

/** Ten to fifty words from anywhere in the text, with a number of their own. */
function createTexts(below: (bound: number) => number): () => string {
  const words = tourText.split(/(?<=\s)/);
  let number = 0;
  return () => {
    number += 1;
    const from = below(words.length - 50);
    return `${words.slice(from, from + 10 + below(40)).join('')} — ${number}`.trim();
  };
}

const stateOf = async (url: string, id: string): Promise<Conversation> =>
  (await call(`${url}/api/conversations/${id}`)).body as Conversation; // As the API gives it.

it(
  'ends every answer, each exact, and takes nothing back, over kill -9 at random moments',
  async () => {
    const startedAtMs = performance.now();
    const random = createSeededRandom(seed);
    const below = (bound: number): number => Math.floor(random.float() * bound);
    const { fail, changed, until } = createWaiting();
    const draw = createTexts(below);
    let isOver = false;
    using workspace = createWorkspace();
    let program = await workspace.start({ env });
    const { port, url } = program;
    const next = (): string | undefined => (isOver ? undefined : draw());
    const talkOptions = { url, next, until, onChange: changed, onFailure: fail };
    const talks: Talk[] = [];
    for (let index = 0; index < talkCount; index += 1) {
      talks.push(await beginTalk({ ...talkOptions, seed: seed + 10 * index }));
    }
    const going = Promise.all(talks.map(async (talk) => await talk.goOn()));
    going.catch(fail);
    const viewers = talks.flatMap((talk) => talk.viewers);
    const shown = (): number => viewers.reduce((sum, viewer) => sum + viewer.shown, 0);

    let killed = 0;
    while (killed < kills) {
      // Now and then at once, when nothing has gone on yet.
      const least = shown() + (below(8) === 0 ? 0 : below(maxProgress));
      await until(() => shown() >= least && talks.every((talk) => talk.cuts < maxCuts));
      for (const talk of talks) talk.cut();
      await program.kill('SIGKILL');
      program = await workspace.start({ port, env });
      // That something was live the next start says. What it does not know of was not cut.
      if (/Resumed [0-9]+ answer/.test(program.output)) killed += 1;
    }

    isOver = true;
    await going;
    let takeovers = 0;
    let attempts = 0;
    const states = await Promise.all(talks.map(async ({ id }) => await stateOf(url, id)));
    for (const [index, { viewers: watching, asked }] of talks.entries()) {
      const state = states[index] as Conversation; // One for each.
      await until(() => watching.every(({ offset }) => offset >= state.offset));
      const said = (role: string): string[] => state.messages.filter((message) => message.role === role).map(textOf);
      expect(said('user'), `seed ${seed}`).toEqual(asked);
      expect(said('assistant'), `seed ${seed}`).toEqual(asked);
      expect(state.runs.map(({ status }) => status)).toEqual(asked.map(() => 'done'));
      for (const viewer of watching) viewer.compare(state);
      for (const { attempt } of state.runs) {
        takeovers += attempt - 1;
        attempts = Math.max(attempts, attempt);
      }
    }
    for (const viewer of viewers) viewer.close();
    // What is in the store is what everyone saw.
    expect(await program.kill('SIGTERM')).toBe(0);
    await using last = await workspace.start({ port });
    expect(await Promise.all(talks.map(async ({ id }) => await stateOf(last.url, id)))).toEqual(states);
    const answers = talks.flatMap(({ asked }) => asked);
    const length = answers.reduce((sum, { length: added }) => sum + added, 0);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    process.stdout.write(
      `${killed} kills in ${seconds.toFixed(0)} s: ${answers.length} answers of ${talkCount} conversations, ${length} characters, ` +
        `all exact; ${takeovers} takeovers, up to ${attempts} attempts; ${viewers.length} viewers, nothing taken back. Seed ${seed}.\n`,
    );
  },
  60_000 + kills * 8_000,
);

/** A long answer that is being written, and one viewer. */
async function beginLong(url: string) {
  const { body: conversation } = await call(`${url}/api/conversations`, 'POST', { model: 'demo/echo' });
  const { id } = conversation as Conversation; // As the API gives it.
  const { body: sent } = await call(`${url}/api/conversations/${id}/messages`, 'POST', { text: longText });
  const { fail, changed, until } = createWaiting();
  const viewer: Viewer = watchStore({ url, id, onChange: changed, onFailure: fail }, 1);
  return {
    id,
    shows: async (more: number): Promise<void> => {
      const least = viewer.shown + more;
      await until(() => viewer.shown >= least);
    },
    /** Stops the answer; the viewer shows what is in the store in the end, which this gives. */
    async stop(): Promise<Conversation> {
      await call(`${url}/api/runs/${sent.run.id}/stop`, 'POST');
      await until(() => viewer.statusOf(sent.answer.id) === 'stopped');
      const state = await stateOf(url, id);
      viewer.compare(state);
      viewer.close();
      return state;
    },
  };
}

it('leaves a run to the next start on SIGTERM, and ends with 0', async () => {
  using workspace = createWorkspace();
  const first = await workspace.start();
  const long = await beginLong(first.url);
  await long.shows(500);
  expect(await first.kill('SIGTERM')).toBe(0);
  await using second = await workspace.start({ port: first.port });
  expect(second.output).toContain('Resumed 1 answer that was cut');
  await long.shows(100);
  const { runs, messages } = await long.stop();
  expect(runs).toMatchObject([{ status: 'stopped', attempt: 2 }]);
  expect(longText.startsWith(messages.slice(1).map(textOf).join(''))).toBe(true);
});
