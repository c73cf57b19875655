import { expect, it } from 'vitest';
import { formatPageToken, parsePageToken } from './page-token.ts';

it('[LOG-PAGE] reads what it wrote', () => {
  for (const place of [
    { updatedAtMs: 0, id: 1 },
    { updatedAtMs: 1_789_000_000_000, id: 999_999_999_999_999 },
  ]) {
    expect(parsePageToken(formatPageToken(place))).toEqual(place);
  }
});

it('[LOG-PAGE] writes tokens that need no escape in a query', () => {
  expect(encodeURIComponent(formatPageToken({ updatedAtMs: 123, id: 45 }))).toBe('123-45');
});

it.each([
  '',
  '-',
  '1',
  '1-',
  '-1',
  '1-2-3',
  '1.5-2',
  'a-b',
  ' 1-2',
  '1-2\n',
  '1-2 ',
  '0x1-2',
  '１-2',
  '1234567890123456-1',
])('[LOG-PAGE] refuses %j', (text) => {
  expect(() => parsePageToken(text)).toThrow(expect.objectContaining({ code: 'page-token-invalid' }));
});

it('says what to do instead', () => {
  expect(() => parsePageToken('page 2')).toThrow(/got "page 2".*Leave it out/);
});
