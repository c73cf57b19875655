// What must hold at the end, of everything that was ever durable, ever shown and ever acknowledged.
import { isDeepStrictEqual } from 'node:util';
import { hasEnded } from 'verbatim/client';
import { isConversationId, type ConversationId } from '../../src/core/ids.ts';
import { parseEvent, type ConversationEvent } from '../../src/conversation/event.ts';
import { textOf, type Message } from '../../src/conversation/message.ts';
import { emptyConversation, reduce, type Conversation } from '../../src/conversation/reduce.ts';
import { pathTo } from '../../src/conversation/tree.ts';
import type { Written } from './disk.ts';
import type { Asked, Ledger } from './ledger.ts';
import { wordCountOf, wordOf } from './models.ts';
import type { Viewer } from './viewer.ts';

export interface Evidence {
  readonly history: ReadonlyMap<string, readonly Written[]>;
  readonly ledger: Ledger;
  readonly viewers: readonly Viewer[];
  /** Whether the disk did all that it was asked for, at once. */
  readonly isOrderly: boolean;
  readonly blame: (problem: string) => void;
}

/** A conversation from its whole history: `states[n]` after offset n. */
export interface Story {
  readonly id: ConversationId;
  readonly events: readonly Placed[];
  readonly states: readonly Conversation[];
  readonly last: Conversation;
}

interface Placed {
  readonly offset: number;
  readonly event: ConversationEvent;
  readonly leaseEpoch: number | undefined;
}

export function storyOf(id: ConversationId, history: readonly Written[]): Story {
  let last = emptyConversation(id);
  const states = [last];
  const events: Placed[] = [];
  for (const { offset, type, data, leaseEpoch } of history) {
    const event = parseEvent(type, JSON.parse(data));
    last = reduce(last, { from: offset, offset, event });
    states.push(last);
    events.push({ offset, event, leaseEpoch });
  }
  return { id, events, states, last };
}

export function judge(evidence: Evidence): void {
  const { history, ledger, viewers, blame } = evidence;
  const stories = new Map<ConversationId, Story>();
  for (const [stream, written] of history) {
    if (!isConversationId(stream)) continue;
    checkOffsets(stream, written, blame);
    try {
      stories.set(stream, storyOf(stream, written));
    } catch (error) {
      blame(`the log of ${stream} does not hold together: ${String(error)}`);
    }
  }
  for (const story of stories.values()) {
    checkRuns(story, blame);
    checkWriters(story, blame);
    checkSeen(story, evidence);
    checkResets(story, blame);
    for (const message of story.last.messages) checkAnswer(story, message, blame);
  }
  for (const viewer of viewers) checkViewer(viewer, stories.get(viewer.conversation), blame);
  checkOnce([...stories.values()], ledger, blame);
  checkStops(stories, ledger, blame);
}

type Blame = Evidence['blame'];

function checkOffsets(stream: string, written: readonly Written[], blame: Blame): void {
  for (const [index, { offset }] of written.entries()) {
    if (offset !== index + 1) blame(`${stream} has offset ${offset} at place ${index + 1}`);
  }
}

/** Every run ends, once, and nothing comes to its answer behind that. */
function checkRuns({ id, events, last }: Story, blame: Blame): void {
  const ended = new Set<string>();
  const epochs = new Map<string, number>();
  for (const { offset, event, leaseEpoch } of events) {
    const run = event.type === 'run' ? event.id : runOf(last, 'message' in event ? event.message : undefined);
    if (run === undefined || event.type === 'message-removed') continue;
    if (ended.has(run)) blame(`${id} ${offset}: a ${event.type} behind the end of ${run}`);
    if (leaseEpoch !== undefined && leaseEpoch < (epochs.get(run) ?? 0)) {
      blame(`${id} ${offset}: a ${event.type} of ${run} by a lease that was lost`);
    }
    if (leaseEpoch !== undefined) epochs.set(run, leaseEpoch);
    if (event.type === 'run' && hasEnded(event.status)) ended.add(run);
  }
  for (const { id: run, status, model } of last.runs) {
    if (!hasEnded(status)) blame(`${run} of ${model} hangs: ${status}`);
  }
}

function runOf({ runs }: Conversation, message: unknown): string | undefined {
  return typeof message === 'string' ? runs.find((run) => run.message === message)?.id : undefined;
}

/** The calls that wrote an answer wrote it one behind another. */
function checkWriters({ id, events }: Story, blame: Blame): void {
  const newest = new Map<string, number>();
  for (const { offset, event } of events) {
    if (event.type !== 'delta' && event.type !== 'part') continue;
    for (const [, mark] of textOfEvent(event).matchAll(/#(\d+) /g)) {
      const call = Number(mark);
      if (call < (newest.get(event.message) ?? 0)) {
        blame(`${id} ${offset}: call ${call} wrote into ${event.message} behind call ${newest.get(event.message)}`);
      }
      newest.set(event.message, call);
    }
  }
}

function textOfEvent(event: ConversationEvent): string {
  if (event.type === 'delta') return event.text;
  return event.type === 'part' && 'text' in event.value ? event.value.text : '';
}

/** What is there of an answer is its beginning; of one that is done, all. */
function checkAnswer({ last }: Story, message: Message, blame: Blame): void {
  if (message.role !== 'assistant') return;
  const asked = pathTo(last.messages, message.id).findLast(({ role }) => role === 'user');
  const question = asked === undefined ? '' : textOf(asked);
  const text = textOf(message);
  const words = text.split(' ');
  if (words.pop() !== '') blame(`${message.id} ends within a word: "${text.slice(-30)}"`);
  const expected = words.map((_word, index) => wordOf(question, index));
  const actual = words.map((word) => word.replace(/#\d+$/, ''));
  if (!isDeepStrictEqual(actual, expected)) blame(`${message.id} (${message.model}) says "${text.slice(0, 300)}"`);
  if (message.status === 'done' && words.length !== wordCountOf(question)) {
    blame(`${message.id} (${message.model}) is done with ${words.length} of ${wordCountOf(question)} words: "${text}"`);
  }
}

/** What a screen showed is what the log holds up to there; in the end, all. */
function checkViewer(viewer: Viewer, story: Story | undefined, blame: Blame): void {
  const { name, sightings, losses } = viewer;
  if (story === undefined) {
    if (sightings.length > 0) blame(`${name} showed what is in no log`);
    return;
  }
  for (const sighting of sightings) {
    const state = story.states[sighting.offset];
    if (state !== undefined && isSame(sighting, state)) continue;
    blame(`${name} showed at ${sighting.offset} ${show(sighting)} where the log has ${show(state)}`);
    break;
  }
  for (const { message, from, through } of losses) {
    const isReset = story.events.some(
      ({ offset, event }) => offset > from && offset <= through && event.type === 'reset' && event.message === message,
    );
    if (!isReset) blame(`${name} lost text of ${message} between ${from} and ${through} without a reset`);
  }
  const { conversation, phase } = viewer.view();
  if (!viewer.isOpen) return;
  if (phase !== 'live') blame(`${name} is ${phase} in the end`);
  if (conversation?.offset !== story.last.offset) {
    blame(`${name} ends at ${conversation?.offset}, the log at ${story.last.offset}`);
  }
}

function isSame(a: Conversation, b: Conversation): boolean {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left === right || isDeepStrictEqual(JSON.parse(left), JSON.parse(right));
}

function show(state: Conversation | undefined): string {
  return JSON.stringify(state)?.slice(0, 1_500) ?? 'nothing';
}

/** What was asked for by a key is there once; where nobody was told that it is done, perhaps not at all. */
function checkOnce(stories: readonly Story[], ledger: Ledger, blame: Blame): void {
  const asked = [...ledger.created, ...ledger.sent, ...ledger.titled];
  for (const { text, answers } of asked) {
    if (new Set(answers).size > 1) blame(`"${text}" was answered in several ways: ${answers.join()}`);
  }
  checkCount('conversations', { count: stories.length, asked: ledger.created }, blame);
  const answers = new Set(stories.flatMap(({ last }) => last.messages.map(({ id }) => String(id))));
  for (const { id, events, last } of stories) {
    const sent = ledger.sent.filter(({ conversation }) => conversation === id);
    const texts = last.messages.filter(({ role }) => role === 'user').map(textOf);
    for (const one of sent.filter(({ type }) => type === 'send')) {
      checkCount(
        `messages "${one.text}"`,
        { count: texts.filter((text) => text === one.text).length, asked: [{ ...one, models: 1 }] },
        blame,
      );
    }
    const written = last.messages.filter(({ role }) => role === 'assistant').length;
    checkCount(`answers in ${id}`, { count: written, asked: sent }, blame);
    const titles = events.map(({ event }) => (event.type === 'conversation' ? event.title : undefined));
    for (const one of ledger.titled.filter(({ conversation }) => conversation === id)) {
      checkCount(
        `titles "${one.text}"`,
        { count: titles.filter((title) => title === one.text).length, asked: [one] },
        blame,
      );
    }
    for (const { text, answers: named } of sent) {
      if (named.some((answer) => !answers.has(answer)))
        blame(`"${text}" was answered by ${named.join()}, of which ${id} knows nothing`);
    }
  }
}

function checkCount(
  what: string,
  { count, asked }: { count: number; asked: ReadonlyArray<Asked & { readonly models?: number }> },
  blame: Blame,
): void {
  const sum = (list: typeof asked): number => list.reduce((total, { models = 1 }) => total + models, 0);
  const least = sum(asked.filter(({ answers }) => answers.length > 0));
  if (count < least || count > sum(asked)) blame(`Expected ${least} to ${sum(asked)} ${what}, found ${count}`);
}

/** A stop that was acknowledged ends the run, unless that had ended by then. */
function checkStops(stories: ReadonlyMap<ConversationId, Story>, { stopped }: Ledger, blame: Blame): void {
  for (const { conversation, run, acknowledgedAt } of stopped) {
    const story = stories.get(conversation);
    if (acknowledgedAt === undefined || story === undefined) continue;
    const end = story.events.find(({ event }) => event.type === 'run' && event.id === run && hasEnded(event.status));
    const status = end?.event.type === 'run' ? end.event.status : 'not ended';
    if (end === undefined || (status !== 'stopped' && end.offset > acknowledgedAt)) {
      blame(`${run} was stopped, acknowledged at ${acknowledgedAt}, and is ${status} at ${end?.offset}`);
    }
  }
}

/**
 * A stop keeps what the person had seen who was first to stop, but for what was taken back since. Who was
 * first is only certain where every write succeeds at once: else it may have been any that was asked for.
 */
function checkSeen(story: Story, { ledger, isOrderly, blame }: Evidence): void {
  const { id, events, last } = story;
  const first = new Map<string, number | undefined>();
  for (const { event } of events) {
    if (event.type === 'stop' && !first.has(event.run)) first.set(event.run, event.seen);
  }
  for (const [run, logged] of first) {
    const { status, message } = last.runs.find((candidate) => candidate.id === run) ?? {};
    if (status !== 'stopped' || message === undefined) continue;
    const asked = ledger.stopped.filter((stopped) => stopped.run === run).map(({ seen }) => seen);
    const seen = isOrderly ? [logged] : [logged, ...asked];
    if (seen.includes(undefined)) continue;
    const kept = textAt(last, message);
    const expected = seen.map((offset) => seenText(story, message, offset ?? 0));
    if (!expected.includes(kept)) {
      blame(
        `${id}: ${run} was stopped at ${seen.join()}, where it was "${expected[0]?.slice(-60)}", kept "${kept.slice(-60)}"`,
      );
    }
  }
}

/** What was there of a message at an offset, and was not taken back later. */
function seenText({ events, states }: Story, message: string, seen: number): string {
  const resets = events.filter(
    ({ offset, event }) => offset > seen && event.type === 'reset' && event.message === message,
  );
  const places = [Math.min(seen, states.length - 1), ...resets.map(({ offset }) => offset)];
  const left = places.map((offset) => textAt(states[offset], message));
  return left.reduce((least, text) => (text.length < least.length ? text : least));
}

/** What takes back takes back what is there. */
function checkResets({ id, events, states }: Story, blame: Blame): void {
  for (const { offset, event } of events) {
    if (event.type !== 'reset') continue;
    const before = states[offset - 1]?.messages.find((message) => message.id === event.message)?.parts ?? [];
    const last = before[event.parts - 1];
    const isThere =
      event.parts === 0 || (last !== undefined && (!('text' in last) || (event.length ?? 0) <= last.text.length));
    if (!isThere)
      blame(
        `${id} ${offset}: a reset to ${event.parts} parts, ${event.length}, of ${JSON.stringify(before).slice(0, 200)}`,
      );
  }
}

function textAt(state: Conversation | undefined, id: string): string {
  const message = state?.messages.find((candidate) => candidate.id === id);
  return message === undefined ? '' : textOf(message);
}
