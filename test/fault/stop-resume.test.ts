// One client watches an answer, a second stops it, and a third comes back to it, all at one moment, on
// real sockets. What they hold in the end is the same, is what the server says, and stays so.
// `VERBATIM_ROUNDS=500 VERBATIM_STOP_MS=200 npx vitest run --project e2e test/fault/stop-resume` does it
// 500 times, and holds each to 200 ms.
import { expect, it } from 'vitest';
import { createClient, textOf, type Client, type Conversation, type ConversationId, type Sent } from 'verbatim/client';
import { readEvents } from 'verbatim/sse';
import { createSeededRandom } from 'verbatim/testing';
import { call } from '../support/api.ts';
import { longText } from '../support/long-text.ts';
import { createWorkspace } from '../support/program.ts';
import { createWireView, type BareEvent } from '../support/wire-view.ts';

const rounds = Number(process.env['VERBATIM_ROUNDS'] ?? 25);
const seed = Number(process.env['VERBATIM_SEED'] ?? 20_261_125);
/** Not set: the times are only printed. */
const maxStopMs = Number(process.env['VERBATIM_STOP_MS'] ?? Infinity);
const lanes = 4; // So many rounds at a time.

/** What a client holds in the end. */
interface Held {
  readonly text: string;
  readonly status: string | undefined;
  readonly offset: number;
  /** When it was told that the run is stopped, by `performance.now`. */
  readonly toldAtMs: number;
}

/** Someone who looks. */
interface Watcher {
  /** Resolves when so much of the answer is shown. */
  shows(length: number): Promise<void>;
  readonly offset: number;
  readonly text: string;
  readonly stopped: Promise<Held>;
  /** What it holds now. */
  held(): Held;
  close(): void;
}

/** With the client's store, as a screen. */
function watch(client: Client, id: ConversationId): Watcher & { leave(): void; comeBack(): void } {
  const store = client.conversation(id);
  const stopped = Promise.withResolvers<Held>();
  let toldAtMs = NaN;
  let wanted: { readonly length: number; readonly resolve: () => void } | undefined;

  function held(): Held {
    const { conversation } = store.getSnapshot();
    const answer = conversation?.messages.at(-1);
    const text = answer?.role === 'assistant' ? textOf(answer) : '';
    return { text, status: conversation?.runs.at(-1)?.status, offset: conversation?.offset ?? 0, toldAtMs };
  }

  function look(): void {
    const { text, status } = held();
    if (wanted !== undefined && text.length >= wanted.length) wanted.resolve();
    if (status !== 'stopped' || !Number.isNaN(toldAtMs)) return;
    toldAtMs = performance.now();
    stopped.resolve(held());
  }

  let unsubscribe = store.subscribe(look);
  return {
    async shows(length) {
      await new Promise<void>((resolve) => {
        wanted = { length, resolve };
        look();
      });
    },
    get offset() {
      return held().offset;
    },
    get text() {
      return held().text;
    },
    stopped: stopped.promise,
    held,
    leave: () => unsubscribe(),
    comeBack() {
      unsubscribe = store.subscribe(look);
    },
    close: () => unsubscribe(),
  };
}

/** Takes the events behind the cursor, until one is the last; then it hangs up. */
async function read(url: string, cursor: string, isLast: (event: BareEvent) => boolean): Promise<void> {
  const { body } = await fetch(url, { headers: cursor === '' ? {} : { 'Last-Event-ID': cursor } });
  if (body === null) throw new Error('Expected a stream');
  for await (const { lastEventId, event, data } of readEvents(body)) {
    if (isLast({ id: lastEventId, event, data: JSON.parse(data) })) return;
  }
  throw new Error('The stream ended');
}

/** By hand: reads for a while, hangs up, and comes back with the cursor of an event that it has kept. */
async function beginReading(url: string, { length, rewind }: { length: number; rewind: number }) {
  let view = createWireView();
  const events: BareEvent[] = [];
  const textIn = (): string => [...view.messages.values()].findLast(({ role }) => role === 'assistant')?.text ?? '';
  await read(url, '', (event) => {
    events.push(event);
    view.take(event);
    return textIn().length >= length;
  });
  // Not always to the last that it was sent: a screen may have shown less.
  const kept = events.slice(0, Math.max(1, events.length - rewind));
  view = createWireView();
  for (const event of kept) view.take(event);

  return {
    async comeBack(): Promise<Held> {
      await read(url, kept.at(-1)?.id ?? '', (event) => {
        view.take(event);
        return event.event === 'run' && event.data.status === 'stopped';
      });
      return {
        text: textIn(),
        status: [...view.runs.values()].at(-1),
        offset: view.offset,
        toldAtMs: performance.now(),
      };
    },
  };
}

interface Round {
  readonly id: ConversationId;
  readonly agreed: Omit<Held, 'toldAtMs'>;
  readonly watcher: Watcher;
  /** From the sending of the stop until each was told: who watches, who stops, who comes back. */
  readonly ms: readonly [number, number, number];
}

const models = ['demo/echo', 'demo/tour', 'demo/echo', 'demo/count'];

async function play(url: string, number: number): Promise<Round> {
  const random = createSeededRandom(seed + number);
  const below = (bound: number): number => Math.floor(random.float() * bound);
  const client = createClient({ baseUrl: url }, { random });
  const { id } = await client.createConversation({ model: models[below(models.length)] });
  const sent = await client.send(id, { text: longText });
  const events = `${url}/api/conversations/${id}/events`;
  const watcher = watch(client, id);
  const length = 1 + below(60);
  // The third: by hand, or with the client's store, which had left or is new.
  const third = below(3);
  const byHand = third === 0 ? await beginReading(events, { length, rewind: below(4) }) : undefined;
  const byStore = third === 1 ? watch(createClient({ baseUrl: url }), id) : undefined;
  await byStore?.shows(1 + below(length));
  byStore?.leave();
  await watcher.shows(length);

  const seen = below(3) === 0 ? { offset: watcher.offset, text: watcher.text } : undefined;
  const comeBack = async (): Promise<Held> => {
    if (byHand !== undefined) return await byHand.comeBack();
    const other = byStore ?? watch(createClient({ baseUrl: url }), id);
    if (byStore !== undefined) other.comeBack();
    const held = await other.stopped;
    other.close();
    return held;
  };
  const isLate = below(2) === 0;
  const early = isLate ? undefined : comeBack();
  const sentAtMs = performance.now();
  const stopping = stop(url, { id, sent, seen: seen?.offset });
  const [a, b, c] = await Promise.all([watcher.stopped, stopping, early ?? comeBack()]);

  const label = `seed ${seed}, round ${number}`;
  const agreed = { text: a.text, status: 'stopped', offset: a.offset };
  expect(b, label).toMatchObject(agreed);
  expect(c, label).toMatchObject(agreed);
  if (seen !== undefined) expect(a.text, label).toBe(seen.text);
  return { id, agreed, watcher, ms: [a.toldAtMs - sentAtMs, b.toldAtMs - sentAtMs, c.toldAtMs - sentAtMs] };
}

/** Stops it, and looks. */
async function stop(
  url: string,
  { id, sent, seen }: { id: ConversationId; sent: Sent; seen: number | undefined },
): Promise<Held> {
  const { status, body } = await call(`${url}/api/runs/${sent.runs[0]?.id}/stop`, 'POST', { seen });
  const toldAtMs = performance.now();
  expect([status, body.run.status]).toEqual([202, 'stopped']);
  return { ...(await stateOf(url, id)), toldAtMs };
}

async function stateOf(url: string, id: ConversationId): Promise<Round['agreed']> {
  const { body } = await call(`${url}/api/conversations/${id}`);
  const { messages, runs, offset } = body as Conversation; // As the API gives it.
  return { text: textOf(messages.at(-1) ?? { parts: [] }), status: runs.at(-1)?.status, offset };
}

function describe(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`;
}

it(
  'is stopped for all three at once, who watches, who stops and who comes back, with one text',
  async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start();
    const { url } = program;
    const played: Round[] = [];
    let number = 0;
    async function lane(): Promise<void> {
      while (number < rounds) played.push(await play(url, (number += 1)));
    }
    await Promise.all(Array.from({ length: lanes }, lane));
    // The models would have gone on: as one does here, for as long as others' next words take.
    const last = createClient({ baseUrl: url });
    const { id } = await last.createConversation({ model: 'demo/count' });
    await last.send(id, { text: 'Count' });
    const counting = watch(last, id);
    await counting.shows('Count: [1]\n\nCount: [2]\n\n'.length);
    counting.close();
    for (const { id: stopped, agreed, watcher } of played) {
      expect(await stateOf(url, stopped)).toEqual(agreed);
      expect(watcher.held()).toMatchObject(agreed);
      watcher.close();
    }
    const [watching, stopping, resuming] = [0, 1, 2].map((who) => played.map(({ ms }) => ms[who] ?? NaN));
    process.stdout.write(
      `${played.length} stops, all three agreed each time. ms until stopped: who watches ${describe(watching ?? [])}; ` +
        `who stops ${describe(stopping ?? [])}; who comes back ${describe(resuming ?? [])}. Seed ${seed}.\n`,
    );
    if (maxStopMs < Infinity) expect(Math.max(...played.flatMap(({ ms }) => ms))).toBeLessThan(maxStopMs);
  },
  60_000 + rounds * 4_000,
);
