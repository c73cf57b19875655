import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRecord, tryParseJson } from '../core/json.ts';
import { mintConversationId, mintMessageId } from '../core/ids.ts';
import { parseEvent, type ConversationEvent, type PlacedEvent } from '../conversation/event.ts';
import { merge } from '../conversation/merge.ts';
import { emptyConversation, reduce, type Conversation } from '../conversation/reduce.ts';
import { createParser } from '../sse/parse.ts';
import type { SseMessage } from '../sse/event.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { createFrames, type Frame } from './frames.ts';

const random = createSeededRandom(2);
const id = mintConversationId(random);
const messages = [mintMessageId(random), mintMessageId(random)] as const;

function read(frame: Frame): SseMessage[] {
  const received: SseMessage[] = [];
  createParser({ onEvent: (message) => void received.push(message) }).feed(new TextDecoder().decode(frame));
  return received;
}

/** What a client makes of an event. */
function placed({ event, data, lastEventId }: SseMessage): PlacedEvent {
  const offset = Number(lastEventId.split('.')[1]);
  const parsed = tryParseJson(data);
  if (!isRecord(parsed)) throw new Error(`Expected an object, got ${data}`);
  const { from = offset, ...rest } = parsed;
  return { from: Number(from), offset, event: parseEvent(event, rest) };
}

const message = (index: 0 | 1): ConversationEvent => ({
  type: 'message',
  message: {
    id: messages[index],
    parent: null,
    role: 'assistant',
    status: 'running',
    parts: [{ type: 'text', text: '' }],
    createdAtMs: 0,
  },
});

/** Two messages and then what the pieces say: text for one of them, or what a newer version wrote. */
function write(pieces: ReadonlyArray<readonly [0 | 1, string] | null>): PlacedEvent[] {
  const lengths = [0, 0];
  const events = pieces.map((piece): ConversationEvent => {
    if (piece === null) return { type: 'unknown' };
    const [index, text] = piece;
    const at = lengths[index] ?? 0;
    lengths[index] = at + text.length;
    return { type: 'delta', message: messages[index], part: 0, at, text };
  });
  return [message(0), message(1), ...events].map((event, index) => ({ from: index + 1, offset: index + 1, event }));
}

const reduceAll = (events: readonly PlacedEvent[], from: Conversation = emptyConversation(id)): Conversation =>
  events.reduce(reduce, from);

const piece = fc.option(
  fc.tuple(fc.constantFrom<0 | 1>(0, 1), fc.constantFrom('a', 'b\n', 'čaj', '\ud83d', '\udc4b', '"')),
  { freq: 3 },
);

describe('a frame', () => {
  it('is made once for each step and each state', () => {
    const frames = createFrames('k3f9x2ab');
    const step = write([[0, 'a']]);
    const state = reduceAll(step);
    expect(frames.step(step)).toBe(frames.step(step));
    expect(frames.step([...step])).not.toBe(frames.step(step));
    expect(frames.snapshot(state)).toBe(frames.snapshot(state));
    expect(read(frames.snapshot(state))).toEqual([
      { event: 'snapshot', lastEventId: 'k3f9x2ab.3', data: JSON.stringify(state) },
    ]);
  });

  it('has all events of the step, each with the offsets that it covers', () => {
    const events = merge(write([[0, 'a'], [0, 'b'], null, null, [1, 'c'], null, null]).slice(2));
    expect(
      read(createFrames('e').step(events)).map(({ event, lastEventId, data }) => [
        event,
        lastEventId,
        tryParseJson(data),
      ]),
    ).toEqual([
      ['delta', 'e.4', { message: messages[0], part: 0, at: 0, text: 'ab', from: 3 }],
      ['delta', 'e.7', { message: messages[1], part: 0, at: 0, text: 'c', from: 5 }],
      ['unknown', 'e.9', { from: 8 }],
    ]);
  });

  it('gives a reader every event once and in order, however the log is cut into steps and wherever it resumes', () => {
    const frames = createFrames('e');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 25 }),
        fc.array(fc.nat(27), { maxLength: 8 }),
        fc.nat(27),
        (pieces, cuts, joinAt) => {
          const events = write(pieces);
          const bounds = [0, ...cuts.map((cut) => Math.min(cut, events.length)), events.length].toSorted(
            (a, b) => a - b,
          );
          const steps = bounds.slice(1).flatMap((end, index) => {
            const step = events.slice(bounds[index], end);
            return step.length === 0 ? [] : [merge(step)];
          });
          const sent = steps.flatMap((step) => read(frames.step(step)));
          const received = sent.map(placed);
          const ends = received.map(({ offset }) => offset);
          expect(received.map(({ from }) => from - 1)).toEqual([0, ...ends].slice(0, ends.length));
          expect(reduceAll(received)).toEqual(reduceAll(events));
          // A reader that comes back from any of the cursors is given what comes after it, as a step of its own.
          const cursor = ends[joinAt % ends.length] ?? 0;
          const rest = merge(events.filter(({ offset }) => offset > cursor));
          const before = reduceAll(received.filter(({ offset }) => offset <= cursor));
          const resumed = rest.length === 0 ? [] : read(frames.step(rest)).map(placed);
          expect(reduceAll(resumed, before)).toEqual(reduceAll(events));
        },
      ),
    );
  });
});
