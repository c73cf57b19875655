import fc from 'fast-check';
import { expect, it } from 'vitest';
import { codePoint } from '../../test/support/code-point.ts';
import { mintConversationId, mintMessageId } from '../core/ids.ts';
import type { ConversationEvent } from '../conversation/event.ts';
import type { Part } from '../conversation/message.ts';
import { emptyConversation, reduce, type Conversation } from '../conversation/reduce.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createAnswerWriter, type AnswerWriter } from './answer-writer.ts';

const random = createSeededRandom(3);
const message = mintMessageId(random);

function stateWith(parts: readonly Part[]): Conversation {
  const answer = { id: message, parent: null, role: 'assistant', status: 'running', parts, createdAtMs: 0 } as const;
  return reduce(emptyConversation(mintConversationId(random)), {
    from: 1,
    offset: 1,
    event: { type: 'message', message: answer },
  });
}

const text = fc.string({ unit: codePoint, minLength: 1, maxLength: 5 });
const id = fc.constantFrom(undefined, 'a', 'b');
/** What a model says, and how often the store gets its turn meanwhile. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('text' as const, 'reasoning' as const), text, id }) },
  fc.record({ type: fc.constant('call-delta' as const), call: fc.constantFrom('x', 'y'), text }),
  fc.record({ type: fc.constant('call' as const), call: fc.constantFrom('x', 'y'), text }),
  fc.record({ type: fc.constant('reasoning-end' as const) }),
  fc.record({ type: fc.constant('source' as const) }),
  fc.record({ type: fc.constant('turn' as const) }),
);

type Piece = typeof piece extends fc.Arbitrary<infer Given> ? Given : never;

async function take(answer: AnswerWriter, given: Piece) {
  switch (given.type) {
    case 'text':
    case 'reasoning':
      return await answer.add(given);
    case 'call-delta':
      return await answer.add({ type: 'tool-call-delta', id: given.call, name: 'tool', text: given.text });
    case 'call':
      return await answer.add({ type: 'tool-call', id: given.call, name: 'tool', text: given.text });
    case 'reasoning-end':
      return await answer.add({ type: 'reasoning-end', providerData: { signature: 's' } });
    case 'source':
      return await answer.add({ type: 'part', part: { type: 'source', url: 'https://example.com' } });
    default:
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
}

it('what is written reduces to what was said, however it gathers, from the beginning or behind a cut', async () => {
  const there = fc.constantFrom<readonly Part[]>(
    [],
    [{ type: 'text', text: 'half' }],
    [{ type: 'reasoning', text: 'hm' }],
  );
  await fc.assert(
    fc.asyncProperty(
      there,
      fc.array(piece, { maxLength: 30 }),
      fc.array(fc.nat(6), { maxLength: 5 }),
      async (parts, pieces, waits) => {
        let state = stateWith(parts);
        let offset = 1;
        let writes = 0;
        const write = async (events: readonly ConversationEvent[]): Promise<void> => {
          const turns = waits[writes % Math.max(1, waits.length)] ?? 0;
          writes += 1;
          for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
          for (const event of events) {
            offset += 1;
            // As it is after a journey through the log.
            state = reduce(state, {
              from: offset,
              offset,
              event: JSON.parse(JSON.stringify(event)) as ConversationEvent,
            });
          }
        };
        const answer = createAnswerWriter({ message, parts, write });
        const said = new Map<string, string>();
        for (const given of pieces) {
          await take(answer, given);
          if (given.type === 'text' || given.type === 'reasoning')
            said.set(given.type, (said.get(given.type) ?? '') + given.text);
        }
        await answer.written();
        expect(state.messages[0]?.parts).toEqual(answer.parts);
        for (const type of ['text', 'reasoning'] as const) {
          const before = parts.flatMap((part) => (part.type === type ? [part.text] : [])).join('');
          const after = answer.parts.flatMap((part) => (part.type === type ? [part.text] : [])).join('');
          expect(after).toBe(before + (said.get(type) ?? ''));
        }
      },
    ),
  );
});

it('what waits for a slow store goes out as few deltas, and at last holds the model up', async () => {
  const gate = Promise.withResolvers<void>();
  const writes: Array<readonly ConversationEvent[]> = [];
  const answer = createAnswerWriter({
    message,
    parts: [],
    write: async (events) => {
      writes.push(events);
      await gate.promise;
    },
  });
  for (let index = 0; index < 1_000; index += 1) await answer.add({ type: 'text', text: 'abc' });
  let isTaken = false;
  const large = answer.add({ type: 'text', text: 'x'.repeat(70_000) })?.then(() => (isTaken = true));
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  expect(isTaken).toBe(false);
  gate.resolve();
  await large;
  await answer.written();
  expect(writes.map((events) => events.length)).toEqual([1, 1]);
});

it('an append that fails is told with the next piece, and to whoever waits for the end', async () => {
  const answer = createAnswerWriter({ message, parts: [], write: () => Promise.reject(new Error('lost')) });
  await answer.add({ type: 'text', text: 'a' });
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  expect(() => answer.add({ type: 'text', text: 'b' })).toThrow('lost');
  await expect(answer.written()).rejects.toThrow('lost');
});
