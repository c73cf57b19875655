import { describe, expect, it } from 'vitest';
import { mintConversationId, mintMessageId } from '../core/ids.ts';
import { createMemoryLog } from '../log/drivers/memory.ts';
import type { Log } from '../log/log.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { mergeEntries } from './compact.ts';
import { createConversations } from './conversations.ts';
import { entryOf } from './entries.ts';

async function bench() {
  const random = createSeededRandom(3);
  const base = createMemoryLog({ clock: createFakeClock(), random });
  const gates: Array<() => void> = [];
  let isGated = false;
  let reads = 0;
  const log: Log = {
    ...base,
    read: async (...args) => {
      reads += 1;
      if (isGated) await new Promise<void>((resolve) => gates.push(resolve));
      return await base.read(...args);
    },
  };
  const id = mintConversationId(random);
  const message = mintMessageId(random);
  let length = 0;
  const say = async (text: string): Promise<void> => {
    await base.append(id, [entryOf({ type: 'delta', message, part: 0, at: length, text })]);
    length += text.length;
  };
  const created = { id: message, parent: null, role: 'assistant', status: 'running', createdAtMs: 0 } as const;
  await base.append(id, [
    entryOf({ type: 'conversation', title: 'x', model: 'm', createdAtMs: 0 }),
    entryOf({ type: 'message', message: { ...created, parts: [{ type: 'text', text: '' }] } }),
  ]);
  return {
    id,
    say,
    base,
    conversations: createConversations(log),
    setGated: (gated: boolean) => (isGated = gated),
    open: () => gates.splice(0).forEach((resolve) => resolve()),
    reads: () => reads,
  };
}

describe('a conversation’s state', () => {
  it('is one object for as long as nothing is added', async () => {
    const { id, say, conversations } = await bench();
    const [first, second] = await Promise.all([conversations.load(id), conversations.load(id)]);
    expect(second).toBe(first);
    expect(await conversations.load(id)).toBe(first);
    await say('hello');
    const later = await conversations.load(id);
    expect(later.messages[0]?.parts[0]).toHaveProperty('text', 'hello');
    expect(await conversations.load(id)).toBe(later);
  });

  it('is looked up once for all who ask while it is being looked up, and is never older than who asks', async () => {
    const { id, say, conversations, setGated, open, reads } = await bench();
    setGated(true);
    const first = conversations.load(id);
    await say('hello');
    const later = Array.from({ length: 100 }, () => conversations.load(id));
    setGated(false);
    open();
    await first;
    const states = await Promise.all(later);
    expect(new Set(states).size).toBe(1);
    expect(states[0]?.messages[0]?.parts[0]).toHaveProperty('text', 'hello');
    expect(reads()).toBeLessThan(6);
  });

  it('is looked up anew after a look that failed', async () => {
    const { id, base, conversations } = await bench();
    const nobody = mintConversationId(createSeededRandom(99));
    const both = await Promise.allSettled([conversations.load(nobody), conversations.load(nobody)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await base.append(nobody, [entryOf({ type: 'conversation', title: 'here', model: 'm', createdAtMs: 0 })]);
    expect((await conversations.load(nobody)).title).toBe('here');
    expect((await conversations.load(id)).title).toBe('x');
  });

  it('is read anew where it was kept in the middle of what has become one entry', async () => {
    const { id, say, base, conversations } = await bench();
    await say('a');
    await say('b');
    const kept = await conversations.load(id);
    expect(kept.offset).toBe(4);
    await say('c');
    await base.trim(id, mergeEntries(await base.read(id, { after: 0 })));
    await say('d');
    const state = await conversations.load(id);
    expect(state.messages[0]?.parts[0]).toHaveProperty('text', 'abcd');
    expect(state).toEqual(await createConversations(base).load(id));
  });
});

it('keeps those that were looked at last, as many as its memory has room for', async () => {
  const random = createSeededRandom(4);
  const log = createMemoryLog({ clock: createFakeClock(), random });
  const conversations = createConversations(log);
  const large = async () => {
    const id = mintConversationId(random);
    const message = { id: mintMessageId(random), parent: null, role: 'user', status: 'done', createdAtMs: 0 } as const;
    const file = { type: 'file', mediaType: 'image/png', data: 'A'.repeat(3_000_000) } as const;
    const parts = [file, { type: 'text', text: 'x'.repeat(1_000) } as const];
    await log.append(id, [entryOf({ type: 'message', message: { ...message, parts } })]);
    return id;
  };
  const first = await large();
  const state = await conversations.load(first);
  for (let count = 0; count < 9; count += 1) await conversations.load(await large());
  expect(await conversations.load(first)).toBe(state);
  for (let count = 0; count < 12; count += 1) await conversations.load(await large());
  const again = await conversations.load(first);
  expect(again).not.toBe(state);
  expect(again).toEqual(state);
});
