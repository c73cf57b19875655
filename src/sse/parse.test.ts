import { describe, expect, it } from 'vitest';
import { isStreamError } from '../core/errors.ts';
import type { SseMessage } from './event.ts';
import { createParser } from './parse.ts';

// What each stream must give by [whatwg-html 9.2.6].
interface Vector {
  readonly name: string;
  readonly text: string;
  /** Name, data and lastEventId of each event. */
  readonly events: ReadonlyArray<readonly [string, string, string]>;
  /** The parser's cursor at the end. Default: "". */
  readonly cursor?: string;
  readonly retries?: readonly number[];
  /** The cursor to begin with. */
  readonly lastEventId?: string;
}

const lineEnds: readonly Vector[] = [
  { name: 'LF ends lines', text: 'data: a\n\n', events: [['message', 'a', '']] },
  { name: 'CR ends lines', text: 'data: a\r\r', events: [['message', 'a', '']] },
  { name: 'CRLF ends lines', text: 'data: a\r\n\r\n', events: [['message', 'a', '']] },
  {
    name: 'line ends may be mixed',
    text: 'data: a\rdata: b\r\ndata: c\n\rdata: d\n\r\n',
    events: [
      ['message', 'a\nb\nc', ''],
      ['message', 'd', ''],
    ],
  },
  { name: 'LF CR is two line ends', text: 'data: a\n\rdata: b\n', events: [['message', 'a', '']] },
  {
    name: 'CR LF is one line end, so the block goes on',
    text: 'data: a\r\ndata: b\n\n',
    events: [['message', 'a\nb', '']],
  },
  { name: 'CR LF LF is a blank line', text: 'data: a\r\n\ndata: b\n', events: [['message', 'a', '']] },
  { name: 'CR CR LF is a blank line', text: 'data: a\r\r\ndata: b\n', events: [['message', 'a', '']] },
  {
    name: 'VT, FF, NEL, LS and PS do not end lines',
    text: 'data: a\v\f\u0085\u2028\u2029b\n\n',
    events: [['message', 'a\v\f\u0085\u2028\u2029b', '']],
  },
  { name: 'blank lines alone give nothing', text: '\n\n\r\r\n\n', events: [] },
  { name: 'an empty stream gives nothing', text: '', events: [] },
];

const byteOrderMark: readonly Vector[] = [
  { name: 'one BOM at the start is skipped', text: '\ufeffdata: a\n\n', events: [['message', 'a', '']] },
  { name: 'a second BOM belongs to the field name', text: '\ufeff\ufeffdata: a\n\n', events: [] },
  {
    name: 'a BOM later belongs to the field name',
    text: 'data: a\n\n\ufeffdata: b\n\n',
    events: [['message', 'a', '']],
  },
  { name: 'a BOM in a value stays', text: 'data: \ufeffa\n\n', events: [['message', '\ufeffa', '']] },
  {
    name: 'a BOM before a blank line leaves a blank line',
    text: '\ufeff\ndata: a\n\n',
    events: [['message', 'a', '']],
  },
];

const dataFields: readonly Vector[] = [
  { name: 'data lines are joined by LF', text: 'data: a\ndata: b\ndata: c\n\n', events: [['message', 'a\nb\nc', '']] },
  { name: 'data alone dispatches ""', text: 'data\n\n', events: [['message', '', '']] },
  { name: 'data with a colon alone dispatches ""', text: 'data:\n\n', events: [['message', '', '']] },
  { name: 'two empty data lines give one LF', text: 'data\ndata\n\n', events: [['message', '\n', '']] },
  { name: 'an empty data line first is kept', text: 'data:\ndata: a\n\n', events: [['message', '\na', '']] },
  { name: 'an empty data line last is kept', text: 'data: a\ndata:\n\n', events: [['message', 'a\n', '']] },
  { name: 'one leading space is removed, and no more', text: 'data:  a\n\n', events: [['message', ' a', '']] },
  { name: 'no space needs to be there', text: 'data:a\n\n', events: [['message', 'a', '']] },
  { name: 'a leading tab stays', text: 'data:\ta\n\n', events: [['message', '\ta', '']] },
  { name: 'trailing spaces stay', text: 'data: a  \n\n', events: [['message', 'a  ', '']] },
  { name: 'only the first colon divides', text: 'data: a: b:c\n\n', events: [['message', 'a: b:c', '']] },
  { name: 'a value may begin with a colon', text: 'data::a\n\n', events: [['message', ':a', '']] },
  { name: 'a NUL in data stays', text: 'data: a\0b\n\n', events: [['message', 'a\0b', '']] },
  { name: 'surrogate pairs stay whole', text: 'data: 🐟日\n\n', events: [['message', '🐟日', '']] },
  { name: 'an incomplete last block is discarded', text: 'data: a\n\ndata: b\n', events: [['message', 'a', '']] },
  { name: 'an incomplete last line is discarded', text: 'data: a\n\nid: 9\ndata: b', events: [['message', 'a', '']] },
];

const names: readonly Vector[] = [
  { name: 'event names the event', text: 'event: tick\ndata: a\n\n', events: [['tick', 'a', '']] },
  {
    name: 'the name is for one block',
    text: 'event: tick\ndata: a\n\ndata: b\n\n',
    events: [
      ['tick', 'a', ''],
      ['message', 'b', ''],
    ],
  },
  {
    name: 'the name of a block without data is forgotten',
    text: 'event: tick\n\ndata: b\n\n',
    events: [['message', 'b', '']],
  },
  { name: 'the last of two names counts', text: 'event: a\nevent: b\ndata: c\n\n', events: [['b', 'c', '']] },
  { name: 'an empty name is "message"', text: 'event: a\nevent:\ndata: c\n\n', events: [['message', 'c', '']] },
  { name: 'a name may come after the data', text: 'data: c\nevent: a\n\n', events: [['a', 'c', '']] },
];

const ids: readonly Vector[] = [
  { name: 'an id sets the cursor', text: 'id: 1\ndata: a\n\n', events: [['message', 'a', '1']], cursor: '1' },
  {
    name: 'the id is sticky',
    text: 'id: 1\ndata: a\n\ndata: b\n\n',
    events: [
      ['message', 'a', '1'],
      ['message', 'b', '1'],
    ],
    cursor: '1',
  },
  { name: 'an id-only block moves the cursor without an event', text: 'id: 9\n\n', events: [], cursor: '9' },
  {
    name: 'an id-only block counts for what follows',
    text: 'id: 9\n\ndata: a\n\n',
    events: [['message', 'a', '9']],
    cursor: '9',
  },
  {
    name: 'an empty id resets the cursor',
    text: 'id: 1\ndata: a\n\nid:\ndata: b\n\n',
    events: [
      ['message', 'a', '1'],
      ['message', 'b', ''],
    ],
  },
  { name: 'id without a colon resets the cursor', text: 'id: 1\n\nid\n\n', events: [] },
  {
    name: 'an id with NUL is ignored',
    text: 'id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n',
    events: [
      ['message', 'a', '1'],
      ['message', 'b', '1'],
    ],
    cursor: '1',
  },
  {
    name: 'the last of two ids counts',
    text: 'id: 1\nid: 2\ndata: a\n\n',
    events: [['message', 'a', '2']],
    cursor: '2',
  },
  {
    name: 'an id with NUL leaves the id before it in the block',
    text: 'id: 1\nid: \0\ndata: a\n\n',
    events: [['message', 'a', '1']],
    cursor: '1',
  },
  {
    name: 'an id in an incomplete block does not move the cursor',
    text: 'id: 1\ndata: a\n\nid: 2\ndata: b\n',
    events: [['message', 'a', '1']],
    cursor: '1',
  },
  { name: 'an id may come after the data', text: 'data: a\nid: 3\n\n', events: [['message', 'a', '3']], cursor: '3' },
  {
    name: 'an id is any text',
    text: 'id:  x y:z é\ndata: a\n\n',
    events: [['message', 'a', ' x y:z é']],
    cursor: ' x y:z é',
  },
  {
    name: 'a cursor from before stays until an id comes',
    text: 'data: a\n\nid: 8\ndata: b\n\n',
    lastEventId: '7',
    events: [
      ['message', 'a', '7'],
      ['message', 'b', '8'],
    ],
    cursor: '8',
  },
  { name: 'a cursor from before can be reset', text: 'id\n\n', lastEventId: '7', events: [] },
];

const others: readonly Vector[] = [
  { name: 'retry takes digits', text: 'retry: 1500\n\n', events: [], retries: [1500] },
  {
    name: 'retry takes leading zeros and nothing but digits',
    text: 'retry: 0010\nretry: 10a\nretry: -1\nretry: 1.5\nretry:  7\nretry: +1\nretry: ١\n',
    events: [],
    retries: [10],
  },
  { name: 'an empty retry is ignored', text: 'retry\nretry:\nretry: \n\n', events: [], retries: [] },
  { name: 'a retry in a block with data', text: 'retry: 5\ndata: a\n\n', events: [['message', 'a', '']], retries: [5] },
  { name: 'comments are skipped', text: ': a\n:\n:data: b\ndata: c\n: d\n\n', events: [['message', 'c', '']] },
  { name: 'a comment does not end a block', text: 'data: a\n:\ndata: b\n\n', events: [['message', 'a\nb', '']] },
  { name: 'unknown fields are ignored', text: 'foo: bar\nbaz\ndata: a\n\n', events: [['message', 'a', '']] },
  { name: 'field names have case', text: 'Data: a\nDATA: b\nID: 4\ndata: c\n\n', events: [['message', 'c', '']] },
  { name: 'field names have no spaces around them', text: ' data: a\ndata : b\n\n', events: [] },
  {
    name: 'a block of a known field without data gives no event',
    text: 'event: a\nretry: 1\n\n',
    events: [],
    retries: [1],
  },
];

const vectors: readonly Vector[] = [...lineEnds, ...byteOrderMark, ...dataFields, ...names, ...ids, ...others];

interface Outcome {
  readonly events: ReadonlyArray<readonly [string, string, string]>;
  readonly cursor: string;
  readonly retries: readonly number[];
}

function parseChunks(chunks: readonly string[], lastEventId?: string): Outcome {
  const events: Array<readonly [string, string, string]> = [];
  const retries: number[] = [];
  const parser = createParser({
    lastEventId,
    onEvent: (message) => events.push([message.event, message.data, message.lastEventId]),
    onRetry: (retryMs) => retries.push(retryMs),
  });
  for (const chunk of chunks) parser.feed(chunk);
  return { events, cursor: parser.lastEventId, retries };
}

function codeOf(action: () => void): string | undefined {
  try {
    action();
  } catch (error) {
    return isStreamError(error) ? error.code : String(error);
  }
  return undefined;
}

describe('the algorithm of [whatwg-html 9.2.6]', () => {
  it.each(vectors)('$name: whole, at every split and one character a chunk', (vector) => {
    const expected: Outcome = {
      events: vector.events,
      cursor: vector.cursor ?? '',
      retries: vector.retries ?? [],
    };
    expect(parseChunks([vector.text], vector.lastEventId)).toEqual(expected);
    for (let at = 0; at <= vector.text.length; at += 1) {
      const halves = [vector.text.slice(0, at), vector.text.slice(at)];
      expect(parseChunks(halves, vector.lastEventId), `split at ${at}`).toEqual(expected);
    }
    expect(parseChunks(vector.text.split(''), vector.lastEventId), 'one character a chunk').toEqual(expected);
  });

  it('has vectors enough to mean something, each with a name of its own', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(40);
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
  });
});

describe('the cursor', () => {
  it('moves at the blank line and not at the id line', () => {
    const parser = createParser({ onEvent: () => undefined });
    parser.feed('id: 1\n');
    expect(parser.lastEventId).toBe('');
    parser.feed('data: a\n');
    expect(parser.lastEventId).toBe('');
    parser.feed('\n');
    expect(parser.lastEventId).toBe('1');
  });

  it('has moved already when the event is handed over', () => {
    const seen: string[] = [];
    const parser = createParser({ onEvent: () => seen.push(parser.lastEventId) });
    parser.feed('id: 1\ndata: a\n\nid: 2\ndata: b\n\n');
    expect(seen).toEqual(['1', '2']);
  });
});

describe('what happens at once', () => {
  it('an event whose last line ends with CR is handed over without waiting for an LF', () => {
    const events: SseMessage[] = [];
    const parser = createParser({ onEvent: (message) => events.push(message) });
    parser.feed('data: a\r\r');
    expect(events.map(({ data }) => data)).toEqual(['a']);
    parser.feed('\ndata: b\r\n\r');
    expect(events.map(({ data }) => data)).toEqual(['a', 'b']);
  });

  it('a retry is reported at its line, before the block ends', () => {
    const retries: number[] = [];
    createParser({ onEvent: () => undefined, onRetry: (retryMs) => retries.push(retryMs) }).feed('retry: 25\n');
    expect(retries).toEqual([25]);
  });
});

describe('the size cap', () => {
  const cases = [
    { name: 'a line that never ends', chunks: Array.from({ length: 200 }, () => 'x') },
    { name: 'a long line in one piece', chunks: [`data: ${'x'.repeat(200)}\n`] },
    { name: 'a long comment', chunks: [`: ${'x'.repeat(200)}\n`] },
    { name: 'many short data lines of one event', chunks: Array.from({ length: 30 }, () => 'data: xxxx\n') },
    { name: 'many empty data lines of one event', chunks: Array.from({ length: 200 }, () => 'data\n') },
  ];

  it.each(cases)('gives event-too-large for $name', ({ chunks }) => {
    const events: SseMessage[] = [];
    const parser = createParser({ onEvent: (message) => events.push(message), maxEventLength: 100 });
    const code = codeOf(() => {
      for (const chunk of chunks) parser.feed(chunk);
    });
    expect(code).toBe('event-too-large');
    expect(events).toEqual([]);
  });

  it('counts each event for itself, and does not limit how many there are', () => {
    const events: SseMessage[] = [];
    const parser = createParser({ onEvent: (message) => events.push(message), maxEventLength: 100 });
    for (let index = 0; index < 50; index += 1) parser.feed(`data: ${'x'.repeat(40)}\ndata: ${'y'.repeat(40)}\n\n`);
    expect(events).toHaveLength(50);
  });

  it('does not limit blocks without data, however long they go on', () => {
    const parser = createParser({ onEvent: () => undefined, maxEventLength: 100 });
    for (let index = 0; index < 100; index += 1) parser.feed(': heartbeat\n');
    parser.feed('id: 5\n\n');
    expect(parser.lastEventId).toBe('5');
  });
});
