import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import {
  conversationOfRun,
  isConversationId,
  isMessageId,
  isRunId,
  mintConversationId,
  mintMessageId,
  mintRunId,
} from './ids.ts';
import { idFrom, systemRandom } from './random.ts';

it('what is minted is what is parsed, and each kind is no other', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = createSeededRandom(seed);
      const conversation = mintConversationId(random);
      const ids = [conversation, mintMessageId(random), mintRunId(random, conversation)];
      const kinds = ids.map((id) => [isConversationId(id), isMessageId(id), isRunId(id)]);
      expect(kinds).toEqual([
        [true, false, false],
        [false, true, false],
        [false, false, true],
      ]);
    }),
  );
});

it('a run tells its conversation', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = createSeededRandom(seed);
      const conversation = mintConversationId(random);
      expect(conversationOfRun(mintRunId(random, conversation))).toBe(conversation);
    }),
  );
});

it.each(['', 'c_', `c_${'a'.repeat(19)}`, `c_${'a'.repeat(21)}`, `C_${'a'.repeat(20)}`, `c_${'A'.repeat(20)}`])(
  'no conversation is named %j',
  (text) => {
    expect(isConversationId(text)).toBe(false);
  },
);

it.each([`c_${'a'.repeat(20)}\n`, ` c_${'a'.repeat(20)}`, `c_${'a'.repeat(19)}/`, `c_../${'a'.repeat(17)}`])(
  'nothing is hidden around an id: %j',
  (text) => {
    expect(isConversationId(text)).toBe(false);
    expect(isMessageId(text.replace('c_', 'm_'))).toBe(false);
    expect(isRunId(text.replace('c_', 'r_'))).toBe(false);
  },
);

it.each([`r_${'a'.repeat(20)}`, `r_${'a'.repeat(20)}_${'b'.repeat(11)}`, `r_${'a'.repeat(20)}-${'b'.repeat(12)}`])(
  'no run is named %j',
  (text) => {
    expect(isRunId(text)).toBe(false);
  },
);

it('ids use the whole alphabet, without letters that look like others', () => {
  expect(idFrom(() => 0, 3)).toBe('000');
  let byte = 0;
  expect(idFrom(() => byte++, 33)).toBe('0123456789abcdefghjkmnpqrstvwxyz0');
});

it('the runtime gives ids of the asked length, each another, and floats below 1', () => {
  expect(systemRandom.id()).toMatch(/^[0-9a-z]{20}$/);
  expect(systemRandom.id(12)).toMatch(/^[0-9a-z]{12}$/);
  expect(new Set(Array.from({ length: 1_000 }, () => systemRandom.id())).size).toBe(1_000);
  for (let index = 0; index < 100; index += 1) {
    const value = systemRandom.float();
    expect(value >= 0 && value < 1).toBe(true);
  }
});
