// The whole way: from the body that `fetch` gives to typed events in a loop.
import { EventSource } from 'eventsource';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { events as fetchEventStream } from 'fetch-event-stream';
import type { ChatCompletionChunk } from 'openai/resources/chat/completions';
import { Stream } from 'openai/streaming';
import { readEventBatches, readEvents } from 'verbatim/sse';
import type { Contender } from '../support/measure.ts';
import { createCounter, tallyOf, type Tally } from '../support/tally.ts';
import type { Input } from './inputs.ts';

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

const ours = 'verbatim: readEvents';
export const ourBatches = 'verbatim: readEventBatches';
const oursWithJson = 'verbatim: readEvents, JSON.parse';

export const peerReaders = {
  parserStream: 'eventsource-parser: EventSourceParserStream',
  fetchEventStream: 'fetch-event-stream: events',
  openai: 'openai: Stream, JSON.parse',
} as const;

/** Gives a response with the input's stream, a new one for each pass. */
export type Open = () => Response | Promise<Response>;

export function readersOf({ data, sizeBytes }: Input, open: Open): Contender[] {
  const reader = (name: string, take: (response: Response) => Promise<Tally>, expected = data): Contender => ({
    name,
    ours,
    expected,
    run: async () => await take(await open()),
  });
  return [
    reader(ours, read),
    reader(ourBatches, readBatches),
    reader(peerReaders.parserStream, readParserStream),
    reader(peerReaders.fetchEventStream, readFetchEvents),
    reader('eventsource: EventSource', readEventSource),
    reader('the body alone, no events (the limit)', readBytes, tallyOf([sizeBytes])),
  ];
}

/** Those who parse the JSON too. */
export function jsonReadersOf({ content: expected }: Input, open: Open): Contender[] {
  return [
    { name: oursWithJson, ours: oursWithJson, expected, run: async () => await readJson(await open()) },
    { name: peerReaders.openai, ours: oursWithJson, expected, run: async () => await readOpenai(await open()) },
  ];
}

/** A response as `fetch` gives it, without a network: a piece for each that is asked for. */
export function respondWith(pieces: Input['pieces']): Response {
  let next = 0;
  const body: Body = new ReadableStream({
    pull(controller) {
      const piece = pieces[next];
      next += 1;
      if (piece === undefined) controller.close();
      else controller.enqueue(piece);
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}

async function read(response: Response): Promise<Tally> {
  const counter = createCounter();
  for await (const { data } of readEvents(bodyOf(response))) counter.add(data.length);
  return counter.total();
}

async function readBatches(response: Response): Promise<Tally> {
  const counter = createCounter();
  for await (const batch of readEventBatches(bodyOf(response))) {
    for (const { data } of batch) counter.add(data.length);
  }
  return counter.total();
}

async function readJson(response: Response): Promise<Tally> {
  const counter = createCounter();
  for await (const { data } of readEvents(bodyOf(response))) {
    counter.add(contentLength(JSON.parse(data) as ChatCompletionChunk)); // As the input was built.
  }
  return counter.total();
}

async function readOpenai(response: Response): Promise<Tally> {
  const counter = createCounter();
  const stream = Stream.fromSSEResponse<ChatCompletionChunk>(response, new AbortController());
  for await (const chunk of stream) counter.add(contentLength(chunk));
  return counter.total();
}

async function readParserStream(response: Response): Promise<Tally> {
  const counter = createCounter();
  const events = bodyOf(response).pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of events) counter.add(data.length);
  return counter.total();
}

async function readFetchEvents(response: Response): Promise<Tally> {
  const counter = createCounter();
  for await (const { data } of fetchEventStream(response)) counter.add(data?.length ?? 0);
  return counter.total();
}

async function readEventSource(response: Response): Promise<Tally> {
  const counter = createCounter();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const source = new EventSource('http://localhost/', { fetch: async () => await Promise.resolve(response) });
  const take = ({ data }: MessageEvent<string>): void => counter.add(data.length);
  source.addEventListener('message', take);
  source.addEventListener('delta', take);
  // At the end of the stream it would connect again.
  source.addEventListener('error', () => {
    source.close();
    resolve();
  });
  await ended;
  return counter.total();
}

async function readBytes(response: Response): Promise<Tally> {
  const reader = bodyOf(response).getReader();
  let sizeBytes = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return tallyOf([sizeBytes]);
    sizeBytes += value.length;
  }
}

function contentLength({ choices }: ChatCompletionChunk): number {
  return choices[0]?.delta.content?.length ?? 0;
}

function bodyOf({ body }: Response): Body {
  if (body === null) throw new Error('Expected a response with a body');
  return body;
}
