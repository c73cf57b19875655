import { describe, expect, it } from 'vitest';
import { isStreamError } from '../core/errors.ts';
import type { SseMessage } from './event.ts';
import { createParser } from './parse.ts';

function codeOf(action: () => void): string | undefined {
  try {
    action();
  } catch (error) {
    return isStreamError(error) ? error.code : String(error);
  }
  return undefined;
}

// What each stream must give stands in test/conformance.

describe('[SSE-ID] the cursor', () => {
  it('from before stays until an id comes, and can be reset', () => {
    const seen: string[] = [];
    const parser = createParser({ lastEventId: '7', onEvent: ({ lastEventId }) => seen.push(lastEventId) });
    expect(parser.lastEventId).toBe('7');
    parser.feed('data: a\n\nid: 8\ndata: b\n\nid\ndata: c\n\n');
    expect(seen).toEqual(['7', '8', '']);
  });

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

describe('[SSE-LINES] what happens at once', () => {
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

describe('[SSE-LIMIT] the size cap', () => {
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

describe('[SSE-LINEAR] pieces of one byte', () => {
  it('cost one step each: what is kept is never copied while it grows', () => {
    // A copy of what is kept at each byte would be 5e11 of them, and never end.
    const events: SseMessage[] = [];
    const parser = createParser({ onEvent: (message) => events.push(message) });
    const bytes = new TextEncoder().encode(`data: ${'é'.repeat(500_000)}\n\n`);
    for (let at = 0; at < bytes.length; at += 1) parser.feed(bytes.subarray(at, at + 1));
    expect(events.map(({ data }) => data.length)).toEqual([500_000]);
  });
});
