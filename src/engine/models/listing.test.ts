import { expect, it } from 'vitest';
import { startProvider } from '../../../test/support/provider.ts';
import { getJson } from './listing.ts';

it.each([
  ['that does not answer', ''],
  ['that is silent in the middle of its answer', '{"data":['],
])('waits no longer than it is told for a server %s', async (_, body) => {
  await using provider = await startProvider({ body, end: 'stay' });
  expect(await getJson(`${provider.url}/models`, { timeoutMs: 50 })).toBeUndefined();
  await provider.received[0]?.closed;
});

it('gives nothing where it is refused, or is no JSON', async () => {
  await using provider = await startProvider({ status: 500, body: '{}' }, { body: '<html>' });
  for (let asked = 0; asked < 2; asked += 1) {
    expect(await getJson(provider.url, { timeoutMs: 5_000 })).toBeUndefined();
  }
  expect(provider.received).toHaveLength(2);
});
