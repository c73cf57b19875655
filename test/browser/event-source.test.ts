// Our EventSource beside the browser's own, before the same scripted server: what a page can see of
// them is the same, and so is what the server sees.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventSource } from 'verbatim/sse';
import { openBrowser } from '../support/browser.ts';
import { openHttpServer, type HttpServer } from '../support/http-server.ts';

/** Without its share of chance a wait is what the server asks for, as in browsers. */
class OurEventSource extends EventSource {
  constructor(url: string) {
    super(url, { random: { float: () => 0 } });
  }
}

interface Source extends EventTarget {
  readonly url: string;
  readonly withCredentials: boolean;
  readonly readyState: number;
  close(): void;
}

/**
 * Follows the address to its end and gives what was seen, one line an event. An event `close` makes
 * it close the source, `done` is then asked for. It runs in the page too, so it stands alone.
 */
async function follow(url: string, Class: new (url: string) => Source = globalThis.EventSource): Promise<string[]> {
  const source = new Class(url);
  const trace = [`${source.readyState} ${source.url} ${source.withCredentials}`];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  function see(event: Event): void {
    const { type } = event;
    const shown = 'data' in event ? ['data', 'lastEventId', 'origin'] : [];
    const members = shown.map((name) => `${name}=${JSON.stringify(Reflect.get(event, name))}`);
    trace.push([type, source.readyState, ...members].join(' '));
    if (type === 'error' && source.readyState === 2) resolve();
    if (type !== 'close') return;
    source.close();
    trace.push(`closed ${source.readyState}`);
    void fetch(new URL('/done', url))
      .then(async (response) => await response.text())
      .then(() => resolve());
  }
  for (const type of ['open', 'message', 'error', 'tick', 'close']) source.addEventListener(type, see);
  await ended;
  source.close();
  return trace;
}

/** What event handlers and constants do that no server has a part in. It stands alone, as above. */
function examine(url: string, Class: new (url: string) => Source = globalThis.EventSource): unknown {
  const source = new Class(url);
  source.close();
  const heard: string[] = [];
  const seen: unknown[] = [];
  const set = (handler: unknown): void => {
    Reflect.set(source, 'onmessage', handler);
    const kept: unknown = Reflect.get(source, 'onmessage');
    source.dispatchEvent(new MessageEvent('message'));
    seen.push([kept === handler, kept === null, heard.splice(0).join()]);
  };
  const hear = (name: string) => () => void heard.push(name);
  source.addEventListener('message', hear('first'));
  for (const handler of [hear('a'), hear('b'), 'text', hear('c'), undefined, 7, hear('d')]) set(handler);
  source.addEventListener('message', hear('last'));
  set({ handleEvent: hear('object') });
  for (const handler of [hear('e'), null]) set(handler);
  const constants = ['CONNECTING', 'OPEN', 'CLOSED'].map((name) =>
    [Class, Class.prototype as Source, source].map((target) => Reflect.get(target, name) as unknown),
  );
  const handlers = ['onopen', 'onmessage', 'onerror'].map((name) => Reflect.get(source, name) === null);
  return { seen, constants, handlers, state: source.readyState, isTarget: source instanceof EventTarget };
}

/** One answer to each connection of a scenario, by its number and cursor. The last is a 204. */
type Answer = (response: ServerResponse, cursor: string) => void;

const first = 'retry: 1\n\n';

function stream(response: ServerResponse, text: string, type = 'text/event-stream'): void {
  response.writeHead(200, { 'Content-Type': type }).end(text);
}

const sendsText = (text: string, type?: string) => (response: ServerResponse) => stream(response, text, type);
const says = (status: number) => (response: ServerResponse) =>
  response.writeHead(status, { 'Content-Type': 'text/event-stream' }).end();

/** Breaks off when all of it is on its way. */
const cutsAfter = (text: string) => (response: ServerResponse) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write(text, () => response.destroy());
};

/** Says which cursor it was sent. */
const echoes = (response: ServerResponse, cursor: string): void => stream(response, `data: after ${cursor}\n\n`);

const scenarios: Readonly<Record<string, readonly Answer[]>> = {
  'events, names, cursors and lines': [
    sendsText(
      `\ufeff${first}: comment\ndata: a\n\nid: 1\nevent: tick\ndata: b\ndata:  c\r\n\r\ndata\rdata\r\r` +
        'event: unheard\ndata: d\n\nid: x\0y\ndata: e\n\nid: 2\n\nretry: soon\nevent: tick\n\ndata: é🐟\n\ndata: half',
    ),
  ],
  'a cut in the middle of a block': [
    cutsAfter(`${first}id: 1\ndata: a\n\nid: 2\ndata: lo`),
    sendsText('id: 2\ndata: whole\n\n'),
  ],
  'a cursor of any script, and one that is cleared': [
    sendsText(`${first}id: é🐟\ndata: a\n\n`),
    echoes,
    sendsText('id\ndata: cleared\n\n'),
    echoes,
  ],
  'events that are named like the source’s own': [
    sendsText(`${first}event: error\ndata: a\n\nevent: open\ndata: b\n\n`),
  ],
  'a stream without an event': [sendsText(first), sendsText(''), sendsText(': comment\n')],
  'a close in the middle of a piece': [sendsText(`${first}data: a\n\nevent: close\ndata\n\ndata: never\n\n`)],
  'parameters and capitals in the type': [sendsText(`${first}data: a\n\n`, 'Text/Event-Stream ; charset="utf-8"')],
  'a 500 after a loss': [sendsText(`${first}id: 1\ndata: a\n\n`), says(500)],
  'a 404 at once': [says(404)],
  'another type': [sendsText('data: a\n\n', 'text/plain')],
  'no type': [sendsText('data: a\n\n', '')],
};

let browser: Browser;
let page: Page;
let server: HttpServer;
let other: HttpServer;
/** The answers that are left of the scenario that is played, and what was asked for. */
let answers: Answer[];
let asked: string[];

function serve(request: IncomingMessage, response: ServerResponse): void {
  // So that no connection is used twice, which a browser would try again unasked when it is cut.
  response.setHeader('Connection', 'close');
  response.setHeader('Access-Control-Allow-Origin', '*');
  const status = /^\/moved-(30[1278])$/.exec(request.url ?? '')?.[1];
  if (status !== undefined) {
    response.writeHead(Number(status), { Location: `${other.url}/events` }).end();
    return;
  }
  if (request.url?.startsWith('/events') !== true) {
    response.end();
    return;
  }
  const { accept, 'last-event-id': sent = '', 'cache-control': cache } = request.headers;
  const cursor = Buffer.from(String(sent), 'latin1').toString();
  asked.push(`${request.method} ${request.url} ${accept} ${cache} ${cursor}`);
  const answer = answers.shift() ?? says(204);
  answer(response, cursor);
}

beforeAll(async () => {
  [browser, server, other] = await Promise.all([openBrowser(), openHttpServer(serve), openHttpServer(serve)]);
  page = await browser.newPage();
  await page.goto(`${server.url}/page`);
});

afterAll(async () => {
  await browser.close();
  server[Symbol.dispose]();
  other[Symbol.dispose]();
});

async function play(scenario: readonly Answer[], run: () => Promise<string[]>) {
  answers = [...scenario];
  asked = [];
  const trace = await run();
  return { trace, asked, left: answers.length };
}

it.each(Object.entries(scenarios))('sees what the browser’s does: %s', async (_name, scenario) => {
  const url = `${server.url}/events?x#y`;
  const theirs = await play(scenario, async () => await page.evaluate(follow, url));
  const ours = await play(scenario, async () => await follow(url, OurEventSource));
  expect(ours).toEqual(theirs);
  expect(theirs.left).toBe(0);
  expect(theirs.trace.length).toBeGreaterThan(1);
});

// Where a redirect is followed, Chromium asks the address behind it from then on, and ours the one
// that it was given, which is how a server can move its clients again. The trace is the same.
it.each([301, 302, 307, 308])('sees what the browser’s does: a redirect to another origin (%d)', async (status) => {
  const url = `${server.url}/moved-${status}`;
  const scenario = [sendsText(`${first}id: 1\ndata: a\n\n`), echoes];
  const theirs = await play(scenario, async () => await page.evaluate(follow, url));
  const ours = await play(scenario, async () => await follow(url, OurEventSource));
  expect(ours).toEqual(theirs);
  expect(ours.trace[2]).toContain(other.url);
});

it('is an interface like the browser’s', async () => {
  const url = `${server.url}/events`;
  expect(examine(url, OurEventSource)).toEqual(await page.evaluate(examine, url));
});
