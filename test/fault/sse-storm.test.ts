// 500 clients before a server that is down for a minute: what they try is what the back-off allows,
// and no more; what the server asks for is kept; and all are back when it is.
import { expect, it } from 'vitest';
import { connect } from 'verbatim/sse';
import { createFakeClock, createSeededRandom } from 'verbatim/testing';
import { connectRule, expectAttempts, type WaitRule } from '../support/back-off.ts';

const clients = 500;
const downMs = 60_000;
const maxBackoffMs = 30_000;
const seed = 5;

interface Outage {
  readonly name: string;
  readonly rule: WaitRule;
  /** The least wait that the server asks for. */
  readonly askedMs: number;
  answer(): Response;
}

const eventStream = { headers: { 'Content-Type': 'text/event-stream' } };

/** An event stream that is cut when `sent` has been read. */
function cutAfter(sent: string): Response {
  const pieces = [sent].filter((piece) => piece !== '').map((piece) => new TextEncoder().encode(piece));
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.error(new TypeError('terminated'));
      else controller.enqueue(piece);
    },
  });
  return new Response(body, eventStream);
}

const outages: Outage[] = [
  {
    name: 'refuses connections',
    rule: connectRule(),
    askedMs: 0,
    answer() {
      throw new TypeError('fetch failed');
    },
  },
  { name: 'cuts after the headers', rule: connectRule(), askedMs: 0, answer: () => cutAfter('') },
  { name: 'says 503', rule: connectRule(), askedMs: 0, answer: () => new Response(null, { status: 503 }) },
  {
    name: 'says 503 with Retry-After: 10',
    rule: connectRule(10_000),
    askedMs: 10_000,
    answer: () => new Response(null, { status: 503, headers: { 'Retry-After': '10' } }),
  },
  {
    name: 'says retry: 5000 and cuts',
    // A first `retry` is waited for as it is: the server, which chose it, spreads it.
    rule: (failure) => (failure === 0 ? { leastMs: 5_000, spreadMs: 0 } : connectRule(5_000)(failure)),
    askedMs: 5_000,
    answer: () => cutAfter('retry: 5000\n'),
  },
];

/** The times of each client's attempts while the server is down, and when each was back after that. */
async function runStorm(outage: Outage): Promise<{ attempts: number[][]; backMs: number[] }> {
  const clock = createFakeClock(0);
  const random = createSeededRandom(seed);
  let isDown = true;
  const attempts = Array.from({ length: clients }, (): number[] => []);
  const following = attempts.map(async (times) => {
    async function fetch(): Promise<Response> {
      if (!isDown) return new Response('data: back\n\n', eventStream);
      times.push(clock.now());
      return outage.answer();
    }
    await connect('https://example.test/events', { clock, random, fetch }).next();
    return clock.now() - downMs;
  });
  await clock.advance(downMs - 1);
  isDown = false;
  await clock.advance(outage.askedMs + maxBackoffMs + 1);
  const backMs = await Promise.race([Promise.all(following), clock.advance(0).then(() => undefined)]);
  if (backMs === undefined) throw new Error(`${outage.name}: not all were back within the longest wait`);
  expect(clock.pending).toBe(clients); // The watch for silence of each, and nothing else.
  return { attempts, backMs };
}

function countBySecond(times: readonly number[]): number[] {
  const counts = Array.from({ length: downMs / 1_000 }, () => 0);
  for (const atMs of times) {
    const second = Math.floor(atMs / 1_000);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  return counts;
}

it.each(outages)('500 clients and a server that $name', async (outage) => {
  const { attempts, backMs } = await runStorm(outage);
  const expected = expectAttempts(outage.rule, downMs);
  const perClient = attempts.map((times) => times.length).toSorted((a, b) => a - b);
  const total = attempts.flat().length;
  const bySecond = countBySecond(attempts.flat());
  const gaps = attempts.flatMap((times) => times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0)));
  const figures = [
    `seed ${seed}`,
    `attempts for each client: ${perClient[0]} to ${perClient.at(-1)}, ${(total / clients).toFixed(2)} on average`,
    `allowed: ${expected.mean.toFixed(2)} on average, ${expected.most} at most`,
    `most in one second: ${Math.max(...bySecond)}, after the first 10 s ${Math.max(...bySecond.slice(10))}`,
    `shortest wait: ${Math.min(...gaps)} ms; all back after ${Math.max(...backMs)} ms`,
  ].join('\n');

  expect(Math.abs(total / clients / expected.mean - 1), figures).toBeLessThan(0.03);
  expect(perClient.at(-1), figures).toBeLessThanOrEqual(expected.most);
  for (const [second, count] of bySecond.entries()) {
    const mean = clients * (expected.perSecond[second] ?? 0);
    // Six standard deviations of what chance makes of it.
    expect(count, `in second ${second}\n${figures}`).toBeLessThanOrEqual(mean + 6 * Math.sqrt(mean));
  }
  expect(Math.min(...gaps), figures).toBeGreaterThanOrEqual(outage.askedMs);
  expect(Math.max(...backMs), figures).toBeLessThanOrEqual(outage.askedMs + maxBackoffMs);
});
