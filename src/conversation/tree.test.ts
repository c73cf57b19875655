import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mintMessageId, type MessageId } from '../core/ids.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import type { Message } from './message.ts';
import { childrenOf, latestLeaf, leafBelow, pathTo } from './tree.ts';

const random = createSeededRandom(9);
const ids = Array.from({ length: 60 }, () => mintMessageId(random));
const stranger = mintMessageId(random);

function newMessage(id: MessageId, parent: MessageId | null): Message {
  return { id, parent, role: 'user', status: 'done', parts: [], createdAtMs: 0 };
}

/** A tree in which each message follows an earlier one, or none. */
const tree = fc.array(fc.nat(59), { minLength: 1, maxLength: 60 }).map((choices) =>
  choices.map((choice, index) => {
    const id = ids[index];
    if (id === undefined) throw new Error('Expected fewer messages');
    return newMessage(id, ids[choice % (index + 1)] === id ? null : (ids[choice % (index + 1)] ?? null));
  }),
);

describe('pathTo', () => {
  it('leads from a root to the leaf, each message the parent of the next', () => {
    fc.assert(
      fc.property(tree, fc.nat(59), (messages, choice) => {
        const leaf = messages[choice % messages.length];
        const path = pathTo(messages, leaf?.id ?? null);
        expect(path.at(-1)).toBe(leaf);
        expect(path[0]?.parent).toBeNull();
        for (const [index, message] of path.slice(1).entries()) expect(message.parent).toBe(path[index]?.id);
      }),
    );
  });

  it('is empty without a leaf and with one that is not there', () => {
    const [id = stranger] = ids;
    const messages = [newMessage(id, null)];
    expect(pathTo(messages, null)).toEqual([]);
    expect(pathTo(messages, stranger)).toEqual([]);
    expect(pathTo([], id)).toEqual([]);
  });

  it('begins where a parent is missing', () => {
    const [id = stranger] = ids;
    const orphan = newMessage(id, stranger);
    expect(pathTo([orphan], id)).toEqual([orphan]);
  });

  it('ends where parents go in a circle', () => {
    const [a = stranger, b = stranger] = ids;
    const messages = [newMessage(a, b), newMessage(b, a)];
    expect(pathTo(messages, a)).toEqual([messages[1], messages[0]]);
    expect(pathTo([newMessage(a, a)], a)).toHaveLength(1);
  });
});

describe('latestLeaf', () => {
  it('is the newest message, and nothing follows it', () => {
    fc.assert(
      fc.property(tree, (messages) => {
        const leaf = latestLeaf(messages);
        expect(leaf).toBe(ids[messages.length - 1]);
        expect(messages.some((message) => message.parent === leaf)).toBe(false);
      }),
    );
  });

  it('is null in an empty tree', () => {
    expect(latestLeaf([])).toBeNull();
  });
});

describe('a removed message', () => {
  const [a = stranger, b = stranger, c = stranger, d = stranger] = ids;
  // a - b - c, and d beside b.
  const messages = [newMessage(a, null), newMessage(b, a), newMessage(c, b), newMessage(d, a)];
  const without = (id: string) =>
    messages.map((message) => (message.id === id ? { ...message, isRemoved: true } : message));

  it('is no child, and nothing below it is a leaf', () => {
    expect(childrenOf(messages, a).map(({ id }) => id)).toEqual([b, d]);
    expect(childrenOf(without(b), a).map(({ id }) => id)).toEqual([d]);
    expect([leafBelow(messages, b), leafBelow(messages, a), leafBelow(messages, d)]).toEqual([c, d, d]);
    expect(leafBelow(without(d), a)).toBe(c);
    expect(leafBelow(without(c), b)).toBe(b);
    expect(latestLeaf(without(d))).toBe(c);
    expect(latestLeaf(without(a))).toBeNull();
  });
});
