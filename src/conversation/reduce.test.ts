import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codePoint } from '../../test/support/code-point.ts';
import { isStreamError } from '../core/errors.ts';
import { mintConversationId, mintMessageId, mintRunId } from '../core/ids.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { dataOf, parseEvent, type ConversationEvent, type PlacedEvent } from './event.ts';
import { merge } from './merge.ts';
import { textOf, type Message } from './message.ts';
import { emptyConversation, reduce, type Conversation } from './reduce.ts';
import { runStatuses, type Run, type RunStatus } from './run.ts';

const random = createSeededRandom(11);
const id = mintConversationId(random);
// More than any history below needs.
const messageIds = Array.from({ length: 200 }, () => mintMessageId(random));
const runIds = Array.from({ length: 200 }, () => mintRunId(random, id));

type Command =
  | { readonly type: 'ask'; readonly parent: number }
  | { readonly type: 'answer'; readonly parent: number }
  | { readonly type: 'write'; readonly answer: number; readonly part: number; readonly text: string }
  | { readonly type: 'begin'; readonly answer: number; readonly text: string }
  | { readonly type: 'reset'; readonly answer: number; readonly parts: number; readonly length: number | undefined }
  | { readonly type: 'stop'; readonly answer: number; readonly seen: number | undefined }
  | { readonly type: 'remove'; readonly message: number; readonly isRemoved: boolean }
  | { readonly type: 'run'; readonly answer: number; readonly status: RunStatus }
  | { readonly type: 'rename'; readonly title: string | undefined; readonly model: string | undefined }
  | { readonly type: 'unknown' };

interface History {
  readonly events: readonly PlacedEvent[];
  /** What every message must say in the end, by its id; found without the reducer. */
  readonly texts: ReadonlyMap<string, string>;
  readonly statuses: ReadonlyMap<string, RunStatus>;
  readonly title: string;
  readonly removed: ReadonlySet<string>;
}

function place(events: readonly ConversationEvent[]): PlacedEvent[] {
  return events.map((event, index) => ({ from: index + 1, offset: index + 1, event }));
}

function newMessage(index: number, fields: Partial<Message>): Message {
  const messageId = messageIds[index];
  if (messageId === undefined) throw new Error('Expected a shorter history');
  return { id: messageId, parent: null, role: 'user', status: 'done', parts: [], createdAtMs: index, ...fields };
}

/** The history that the commands make: valid whatever they are. */
function perform(commands: readonly Command[]): History {
  const events: ConversationEvent[] = [{ type: 'conversation', title: 'New', model: 'demo/echo', createdAtMs: 5 }];
  const messages: Message[] = [];
  const answers: Array<{ run: Run; parts: string[] }> = [];
  const removed = new Set<string>();
  const texts = new Map<string, string>();
  const statuses = new Map<string, RunStatus>();
  let title = 'New';
  for (const command of commands) {
    if (command.type === 'unknown') events.push({ type: 'unknown' });
    else if (command.type === 'rename') {
      events.push({ type: 'conversation', title: command.title, model: command.model });
      title = command.title ?? title;
    } else if (command.type === 'remove') {
      const message = messages[command.message % Math.max(1, messages.length)];
      if (message === undefined) continue;
      events.push({ type: 'message-removed', message: message.id, isRemoved: command.isRemoved });
      if (command.isRemoved) removed.add(message.id);
      else removed.delete(message.id);
    } else if (command.type === 'ask' || command.type === 'answer') {
      const parent = messages[command.parent % (messages.length + 1)]?.id ?? null;
      const asks = command.type === 'ask';
      const texted = (text: string) => ({ type: 'text' as const, text });
      const message = newMessage(messages.length, {
        parent,
        role: asks ? 'user' : 'assistant',
        status: asks ? 'done' : 'queued',
        parts: asks ? [texted('Hi')] : [texted(''), texted('')],
      });
      messages.push(message);
      events.push({ type: 'message', message });
      texts.set(message.id, asks ? 'Hi' : '');
      statuses.set(message.id, message.status);
      const runId = runIds[answers.length];
      if (asks || runId === undefined) continue;
      const run: Run = { id: runId, message: message.id, status: 'queued', model: 'demo/echo', attempt: 1 };
      answers.push({ run, parts: ['', ''] });
      events.push({ type: 'run', ...run });
    } else {
      const answer = answers[command.answer % Math.max(1, answers.length)];
      if (answer === undefined) continue;
      const { message } = answer.run;
      if (command.type === 'run') {
        events.push({ type: 'run', ...answer.run, status: command.status });
        statuses.set(message, command.status);
        continue;
      }
      const { parts } = answer;
      if (command.type === 'stop') {
        events.push({ type: 'stop', run: answer.run.id, seen: command.seen });
      } else if (command.type === 'begin') {
        events.push({ type: 'part', message, part: parts.length, value: { type: 'text', text: command.text } });
        parts.push(command.text);
      } else if (command.type === 'reset') {
        events.push({ type: 'reset', message, parts: command.parts, length: command.length });
        parts.length = Math.min(parts.length, command.parts);
        if (parts.length > 0) parts.push(parts.pop()?.slice(0, command.length) ?? '');
      } else if (parts.length > 0) {
        const part = command.part % parts.length;
        // One UTF-16 code unit an event, so that surrogate pairs are split.
        for (const text of command.text.split('')) {
          events.push({ type: 'delta', message, part, at: parts[part]?.length ?? 0, text });
          parts[part] += text;
        }
      }
      texts.set(message, parts.join(''));
    }
  }
  return { events: place(events), texts, statuses, title, removed };
}

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constantFrom('ask', 'answer'), parent: fc.nat(50) }),
  // Writing comes often, to one answer and another in turn.
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('write'),
      answer: fc.nat(3),
      part: fc.nat(1),
      text: fc.string({ unit: codePoint, maxLength: 6 }),
    }),
  },
  fc.record({ type: fc.constant('run'), answer: fc.nat(3), status: fc.constantFrom(...runStatuses) }),
  fc.record({ type: fc.constant('begin'), answer: fc.nat(3), text: fc.string({ unit: codePoint, maxLength: 4 }) }),
  fc.record({
    type: fc.constant('reset'),
    answer: fc.nat(3),
    parts: fc.nat(3),
    length: fc.option(fc.nat(8), { nil: undefined }),
  }),
  fc.record({ type: fc.constant('stop'), answer: fc.nat(3), seen: fc.option(fc.nat(), { nil: undefined }) }),
  fc.record({ type: fc.constant('remove'), message: fc.nat(20), isRemoved: fc.boolean() }),
  fc.record({
    type: fc.constant('rename'),
    title: fc.option(fc.string(), { nil: undefined }),
    model: fc.constant(undefined),
  }),
  fc.constant({ type: 'unknown' } as const),
);
const history = fc
  .array(command, { maxLength: 30 })
  .map((commands) => perform([{ type: 'ask', parent: 0 }, { type: 'answer', parent: 0 }, ...commands]));

function reduceAll(events: readonly PlacedEvent[], from: Conversation = emptyConversation(id)): Conversation {
  let state = from;
  for (const event of events) state = reduce(state, event);
  return state;
}

/** The events cut into batches at the fractions, each merged. */
function mergeBatches(events: readonly PlacedEvent[], fractions: readonly number[]): PlacedEvent[] {
  const places = fractions.map((fraction) => Math.floor(fraction * events.length)).toSorted((a, b) => a - b);
  const bounds = [0, ...places, events.length];
  return bounds.slice(1).flatMap((end, index) => merge(events.slice(bounds[index], end)));
}

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('any history', () => {
  it('[CONV-RESET] gives each message its text and status, and the conversation its title', () => {
    fc.assert(
      fc.property(history, ({ events, texts, statuses, title, removed }) => {
        const state = reduceAll(events);
        expect(new Map(state.messages.map((message) => [message.id, textOf(message)]))).toEqual(texts);
        expect(new Map(state.messages.map((message) => [message.id, message.status]))).toEqual(statuses);
        expect(state.title).toBe(title);
        expect(state.offset).toBe(events.length);
        expect(new Set(state.messages.filter(({ isRemoved }) => isRemoved).map((message) => message.id))).toEqual(
          removed,
        );
        for (const run of state.runs) expect(statuses.get(run.message)).toBe(run.status);
      }),
    );
  });

  it('[CONV-MERGE] merged in any batches gives the same state', () => {
    fc.assert(
      fc.property(history, fc.array(fraction, { maxLength: 6 }), ({ events }, fractions) => {
        expect(reduceAll(mergeBatches(events, fractions))).toEqual(reduceAll(events));
      }),
    );
  });

  it('[CONV-MERGE] merged from any earlier place adds only what is new', () => {
    fc.assert(
      fc.property(history, fraction, fraction, ({ events }, a, b) => {
        const [again, seen] = [Math.min(a, b), Math.max(a, b)].map((part) => Math.floor(part * events.length));
        const state = reduceAll(events.slice(0, seen));
        expect(reduceAll(merge(events.slice(again)), state)).toEqual(reduceAll(events));
      }),
    );
  });

  it('[CONV-ONCE] repeated up to any place changes nothing: the very same state comes back', () => {
    fc.assert(
      fc.property(history, fc.array(fraction, { maxLength: 4 }), ({ events }, fractions) => {
        const state = reduceAll(events);
        for (const event of [...events, ...mergeBatches(events, fractions)]) expect(reduce(state, event)).toBe(state);
      }),
    );
  });

  it('[CONV-ONCE] with any entry missing is an event-gap at the next one', () => {
    fc.assert(
      fc.property(history, fraction, fraction, ({ events }, part, cut) => {
        const missing = Math.floor(part * (events.length - 1));
        const before = reduceAll(events.slice(0, missing));
        const snapshot = structuredClone(before);
        const rest = mergeBatches(events.slice(missing + 1), [cut]);
        expect(rest.length).toBeGreaterThan(0);
        for (const event of rest) expect(codeOf(() => reduce(before, event))).toBe('event-gap');
        expect(before).toEqual(snapshot);
      }),
    );
  });

  it('leaves every state before, and every message that an event does not touch, as it is', () => {
    fc.assert(
      fc.property(history, ({ events }) => {
        let state = emptyConversation(id);
        for (const placed of events) {
          const snapshot = structuredClone(state);
          const next = reduce(state, placed);
          expect(state).toEqual(snapshot);
          const { event } = placed;
          const touched = event.type !== 'message' && 'message' in event ? event.message : undefined;
          for (const message of state.messages) {
            const same = next.messages.find((other) => other.id === message.id) === message;
            expect(same).toBe(message.id !== touched);
          }
          if (['unknown', 'conversation', 'stop'].includes(event.type)) expect(next.messages).toBe(state.messages);
          if (event.type !== 'run' && event.type !== 'stop') expect(next.runs).toBe(state.runs);
          state = next;
        }
      }),
    );
  });

  it('is the same after a journey over the wire as JSON, split surrogate pairs included', () => {
    fc.assert(
      fc.property(history, ({ events, texts }) => {
        const received = events.map(({ event, ...rest }) => {
          const bytes = new TextEncoder().encode(JSON.stringify(dataOf(event)));
          return { ...rest, event: parseEvent(event.type, JSON.parse(new TextDecoder().decode(bytes)) as unknown) };
        });
        const state = reduceAll(received);
        expect(new Map(state.messages.map((message) => [message.id, textOf(message)]))).toEqual(texts);
      }),
    );
  });
});

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return isStreamError(error) ? error.code : String(error);
  }
}

describe('one event', () => {
  const { events } = perform([{ type: 'answer', parent: 0 }]);
  const base = reduceAll(events);
  const [message] = base.messages;
  if (message === undefined) throw new Error('Expected an answer');
  const next = (event: ConversationEvent, { offset }: Conversation = base): PlacedEvent => ({
    from: offset + 1,
    offset: offset + 1,
    event,
  });
  const delta = (fields: { part?: number; at: number; text: string }): PlacedEvent =>
    next({ type: 'delta', message: message.id, part: 0, ...fields });
  const stranger = newMessage(150, {}).id;

  it('unknown takes its place and changes nothing else', () => {
    expect(reduce(base, next({ type: 'unknown' }))).toEqual({ ...base, offset: base.offset + 1 });
  });

  it('delta beyond the end of its part is an event-gap', () => {
    expect(codeOf(() => reduce(base, delta({ at: 1, text: 'x' })))).toBe('event-gap');
  });

  it('delta of a part or message that is not there is an event-gap', () => {
    expect(codeOf(() => reduce(base, delta({ part: 2, at: 0, text: 'x' })))).toBe('event-gap');
    const event = { type: 'delta', message: stranger, part: 0, at: 0, text: 'x' } as const;
    expect(codeOf(() => reduce(base, next(event)))).toBe('event-gap');
  });

  it('run of a message that is not there is an event-gap', () => {
    const [run] = base.runs;
    if (run === undefined) throw new Error('Expected a run');
    expect(codeOf(() => reduce(base, next({ type: 'run', ...run, message: stranger })))).toBe('event-gap');
  });

  it.each([
    { at: 0, text: 'abc', gives: 'abc' },
    { at: 0, text: 'abcdef', gives: 'abcdef' },
    { at: 2, text: 'cd', gives: 'abcd' },
    { at: 1, text: 'b', gives: 'abc' },
    { at: 3, text: 'd', gives: 'abcd' },
    { at: 3, text: '', gives: 'abc' },
  ])('delta "$text" at $at after "abc" gives "$gives"', ({ at, text, gives }) => {
    const state = reduce(base, delta({ at: 0, text: 'abc' }));
    const further = { ...delta({ at, text }), from: state.offset + 1, offset: state.offset + 1 };
    expect(reduce(state, further).messages[0]?.parts[0]).toHaveProperty('text', gives);
  });

  it('delta of a kind of part that only a newer version knows changes nothing', () => {
    const newer = parseEvent('message', { ...message, id: stranger, parts: [{ type: 'tool-call', input: '{' }] });
    const state = reduce(base, next(newer));
    const event = { type: 'delta', message: stranger, part: 0, at: 1, text: '}' } as const;
    const after = reduce(state, { from: state.offset + 1, offset: state.offset + 1, event });
    expect(after.messages).toEqual(state.messages);
    expect(after.offset).toBe(state.offset + 1);
    expect(after.messages.map(textOf)).toEqual(['', '']);
  });

  it('stop is kept with the run until that has ended', () => {
    const live = {
      type: 'run',
      id: mintRunId(random, id),
      message: message.id,
      status: 'running',
      model: 'm',
      attempt: 1,
    } as const;
    let state = base;
    for (const event of [live, { type: 'stop', run: live.id, seen: 3 }, { ...live, attempt: 2 }] as const) {
      state = reduce(state, next(event, state));
    }
    expect(state.runs.at(-1)).toMatchObject({ attempt: 2, stop: { seen: 3 } });
    const ended = reduce(state, next({ ...live, status: 'stopped' }, state));
    expect(ended.runs.at(-1)?.stop).toBeUndefined();
    expect(reduce(ended, next({ type: 'stop', run: live.id }, ended)).runs).toEqual(ended.runs);
  });

  it('[CONV-PART] part changes what is given of one that is there', () => {
    const begun = reduce(
      base,
      next({ type: 'part', message: message.id, part: 1, value: { type: 'reasoning', text: 'hm' } }),
    );
    const signed = {
      type: 'part',
      message: message.id,
      part: 1,
      value: { type: 'reasoning', providerData: 's' },
    } as const;
    expect(reduce(begun, next(signed, begun)).messages[0]?.parts[1]).toEqual({
      type: 'reasoning',
      text: 'hm',
      providerData: 's',
    });
    const beyond = { ...signed, part: 3 };
    expect(codeOf(() => reduce(begun, next(beyond, begun)))).toBe('event-gap');
  });

  it('message that is there already stays as it has become', () => {
    const grown = reduce(base, delta({ at: 0, text: 'abc' }));
    const again = { from: grown.offset + 1, offset: grown.offset + 1, event: { type: 'message', message } as const };
    expect(reduce(grown, again).messages).toBe(grown.messages);
  });

  it('run of a next attempt takes the place of the first', () => {
    const [run] = base.runs;
    if (run === undefined) throw new Error('Expected a run');
    const state = reduce(base, next({ type: 'run', ...run, status: 'running', attempt: 2 }));
    expect(state.runs).toEqual([{ ...run, status: 'running', attempt: 2 }]);
  });
});
