import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestOf, said } from '../../../test/support/provider.ts';
import { codePoint } from '../../../test/support/code-point.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import type { ModelMessage, ModelPart } from '../model.ts';
import { createDemoModels } from './demo.ts';
import { tourText } from './tour.ts';

interface SayOptions {
  readonly text?: string;
  /** What there is of the answer. */
  readonly answer?: ModelMessage['parts'];
  readonly prefix?: string;
  readonly count?: number;
}

/** What the model gives to `text` behind `prefix`, at most `count` parts, and when each came. */
async function play(id: string, { text = '', answer = [], prefix = '', count = Number.POSITIVE_INFINITY }: SayOptions) {
  const clock = createFakeClock(0);
  const model = createDemoModels({ clock }).find((candidate) => candidate.id === id);
  if (model === undefined) throw new Error(`${id} is built in`);
  const question: ModelMessage = { role: 'user', parts: [{ type: 'text', text }] };
  const messages = [question, ...(answer.length === 0 ? [] : [{ role: 'assistant' as const, parts: answer }])];
  const parts: ModelPart[] = [];
  const times: number[] = [];
  let ended = false;
  const reading = (async () => {
    for await (const part of model.stream(requestOf({ messages, prefix }))) {
      if (part.type === 'finish') continue;
      parts.push(part);
      times.push(clock.now());
      if (parts.length >= count) break;
    }
    ended = true;
  })();
  for (let second = 0; second < 100 && !ended; second += 1) await clock.advance(1_000);
  await reading;
  return { parts, times };
}

async function say(id: string, options: SayOptions) {
  const { parts, times } = await play(id, options);
  const pieces = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
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

describe('demo/tools', () => {
  it('thinks, calls a tool with arguments that stream, and rests its answer on the result', async () => {
    const { parts } = await play('demo/tools', { text: 'How long is this?' });
    expect(said(parts, 'reasoning')).toContain('I have a tool for that.');
    const input = '{"text":"How long is this?"}';
    const deltas = parts.filter((part) => part.type === 'tool-call-delta');
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.map(({ text }) => text).join('')).toBe(input);
    const call = { type: 'tool-call', id: 'count-1', name: 'count_words', text: input, isRunByProvider: true };
    expect(parts).toContainEqual(call);
    const whole = parts.flatMap((part) => (part.type === 'part' ? [part.part] : []));
    expect(whole).toEqual([
      { type: 'tool-result', call: 'count-1', output: { words: 4, characters: 17 } },
      { type: 'source', url: expect.any(String), title: expect.any(String) },
      {
        type: 'data',
        name: 'word-lengths',
        value: [
          { length: 2, words: 1 },
          { length: 3, words: 1 },
          { length: 4, words: 1 },
          { length: 5, words: 1 },
        ],
      },
    ]);
    expect(said(parts)).toContain('**4 words** of 17 characters');
  });

  it('counts what a person calls characters, of which it takes no more than it can show', async () => {
    const { parts } = await play('demo/tools', { text: '🧑‍🚀 é' });
    expect(said(parts)).toContain('**2 words** of 3 characters');
    const long = await play('demo/tools', { text: '👩‍👩‍👧'.repeat(300) });
    expect(said(long.parts)).toContain('**1 word** of 280 characters');
  });

  it('goes on behind its tool’s result, and exactly anywhere in its text', async () => {
    const { parts } = await play('demo/tools', { text: 'Hi' });
    const all = said(parts);
    const answer: ModelMessage['parts'] = [
      { type: 'tool-call', id: 'count-1', name: 'count_words', text: '{}' },
      { type: 'tool-result', call: 'count-1', output: {} },
    ];
    const behind = await play('demo/tools', { text: 'Hi', answer });
    expect(behind.parts).toEqual(parts.slice(-behind.parts.length));
    expect(behind.parts[0]).toMatchObject({ type: 'part', part: { type: 'source' } });
    for (const length of [1, 2, 50, all.length]) {
      const prefix = all.slice(0, length);
      const rest = await play('demo/tools', { text: 'Hi', answer, prefix });
      expect(rest.parts.every(({ type }) => type === 'text')).toBe(true);
      expect(prefix + said(rest.parts)).toBe(all);
    }
  });
});
