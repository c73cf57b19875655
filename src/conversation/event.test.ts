import { expect, it } from 'vitest';
import { parseEvent } from './event.ts';

it.each([
  { name: 'a name that a newer version wrote', type: 'sparkle', data: { a: 1 } },
  { name: 'data that is no object', type: 'conversation', data: 'text' },
  { name: 'data that is null', type: 'message', data: null },
  { name: 'data that is a list', type: 'delta', data: [] },
  { name: 'a message without parts', type: 'message', data: { id: 'm_1' } },
  { name: 'a delta without a place', type: 'delta', data: { message: 'm_1', part: 0, text: 'x' } },
  { name: 'a delta without text', type: 'delta', data: { message: 'm_1', part: 0, at: 0 } },
  { name: 'a run with a status that a newer version has', type: 'run', data: { id: 'r_1', status: 'paused' } },
])('is unknown: $name', ({ type, data }) => {
  expect(parseEvent(type, data)).toEqual({ type: 'unknown' });
});

it('cannot be renamed by its data', () => {
  expect(parseEvent('conversation', { type: 'run', title: 'a' })).toEqual({ type: 'conversation', title: 'a' });
  expect(parseEvent('delta', { type: 'run', message: 'm', part: 0, at: 0, text: 'a' }).type).toBe('delta');
});
