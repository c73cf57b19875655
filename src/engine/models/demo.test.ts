import fc from 'fast-check';
import { expect, it } from 'vitest';
import { codePoint } from '../../../test/support/code-point.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import type { ModelRequest } from '../model.ts';
import { createDemoModels } from './demo.ts';
import { tourText } from './tour.ts';

/** What the model says to `text` behind `prefix`, at most `count` pieces, and when each came. */
async function say(id: string, options: { text?: string; prefix?: string; count?: number }) {
  const clock = createFakeClock(0);
  const model = createDemoModels({ clock }).find((candidate) => candidate.id === id);
  if (model === undefined) throw new Error(`${id} is built in`);
  const { text = '', prefix = '', count = Number.POSITIVE_INFINITY } = options;
  const request: ModelRequest = { messages: [{ role: 'user', text }], prefix, signal: new AbortController().signal };
  const pieces: string[] = [];
  const times: number[] = [];
  let ended = false;
  const reading = (async () => {
    for await (const part of model.stream(request)) {
      if (part.type !== 'text') continue;
      pieces.push(part.text);
      times.push(clock.now());
      if (pieces.length >= count) break;
    }
    ended = true;
  })();
  for (let second = 0; second < 100 && !ended; second += 1) await clock.advance(1_000);
  await reading;
  return { text: pieces.join(''), pieces, times };
}

it('demo/tour gives its whole text at about forty pieces a second, some 600 words', async () => {
  const { text, pieces, times } = await say('demo/tour', {});
  expect(text).toBe(tourText);
  expect(tourText.split(/\s+/).length).toBeGreaterThan(550);
  expect(tourText.split(/\s+/).length).toBeLessThan(700);
  expect(times.at(-1)).toBe(pieces.length * 25);
});

it('demo/count says a number a second until it is stopped', async () => {
  const { pieces, times } = await say('demo/count', { count: 3 });
  expect(pieces).toEqual(['Count: [1]\n\n', 'Count: [2]\n\n', 'Count: [3]\n\n']);
  expect(times).toEqual([1_000, 2_000, 3_000]);
});

it('demo/echo gives back any text, and continues it exactly from any place', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: codePoint }), fc.nat(), async (text, cut) => {
      const prefix = text.slice(0, cut % (text.length + 1));
      expect((await say('demo/echo', { text })).text).toBe(text);
      expect(prefix + (await say('demo/echo', { text, prefix })).text).toBe(text);
    }),
  );
});

it('continues each text exactly from wherever it was cut, in the middle of a piece too', async () => {
  for (const length of [0, 1, 2, 3, 100, 1_001, tourText.length - 1, tourText.length]) {
    const prefix = tourText.slice(0, length);
    expect(prefix + (await say('demo/tour', { prefix })).text).toBe(tourText);
  }
  expect((await say('demo/count', { prefix: 'Count: [1]\n\nCou', count: 2 })).pieces).toEqual([
    'nt: [2]\n\n',
    'Count: [3]\n\n',
  ]);
});
