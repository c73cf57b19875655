// The browsers' own EventSource as the referee: from the same bytes they give the events of the table
// that our parser is held to, and send the cursor that it has, when they come back.
import type { RequestListener } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventStreamHeaders } from 'verbatim/sse';
import { fromHeaderValue } from '../../src/sse/last-event-id.ts';
import { vectors, type Vector, type WireEvent } from '../conformance/sse-vectors.ts';
import { openBrowser, openFirefox } from '../support/browser.ts';
import { openHttpServer } from '../support/http-server.ts';

interface Verdict {
  readonly events: readonly WireEvent[];
  /** What the browser sent as Last-Event-ID when it came back. */
  readonly cursor: string;
}

// Six at once are what a browser opens to one origin, so each six have a port of their own.
const atOnce = 6;
const groups = Array.from({ length: Math.ceil(vectors.length / atOnce) }, (_, group) =>
  vectors.slice(group * atOnce, (group + 1) * atOnce),
);

const none: Verdict = { events: [], cursor: '' };

/** Where Chromium 156 leaves the standard. */
const ofChromium: Readonly<Record<string, Verdict>> = {
  // It does not look whether the byte behind the mark ends a line, and takes it for the first of a
  // name [whatwg-html 9.2.5: the mark is no part of a line].
  'a BOM before a blank line leaves a blank line': none,
  'a BOM before a CR leaves a blank line': none,
};

/** Where Firefox 153 leaves the standard. */
const ofFirefox: Readonly<Record<string, Verdict>> = {
  // It drops NUL [whatwg-html 9.2.5: any character but LF and CR may stand in a value].
  'a NUL in data stays': { events: [['message', 'ab', '']], cursor: '' },
  // The event is named "ab", for which nobody listens here.
  'a NUL in a name stays': none,
  // It drops this one too, but none further on in a field's name.
  'a NUL before a field name is part of it': { events: [['message', 'a\nb', '']], cursor: '' },
  // It moves the cursor with an event only [whatwg-html 9.2.6: set at the blank line, before it is
  // looked whether there is data].
  'an id-only block moves the cursor without an event': none,
  'an id-only block counts for what follows': { events: [['message', 'a', '']], cursor: '' },
  'an id at the end of the stream does not move the cursor': none,
  'an id in a block of an event that has no data': { events: [['message', 'a', '']], cursor: '' },
  // Behind an id with NUL it takes the next field's name for a longer one, "iddata", and so loses that
  // field [whatwg-html 9.2.6: the id alone is ignored].
  'an id with NUL is ignored': { events: [['message', 'a', '1']], cursor: '1' },
  'an id that begins with NUL is ignored': none,
  'an id of NUL alone is ignored, and does not reset': none,
  'an id with NUL leaves the id before it in the block': none,
  'an id behind one with NUL counts': { events: [['message', 'a', '']], cursor: '' },
  'an id with NUL does not touch the field behind a comment': none,
};

/** Serves one group: a frame that listens to its streams, and the streams, each once, then 204. */
function serveGroup(group: readonly Vector[], cursors: Map<string, string>): RequestListener {
  const served = new Set<Vector>();
  return (request, response) => {
    const vector = group[Number(/^\/stream\/([0-9]+)$/.exec(request.url ?? '')?.[1])];
    if (vector === undefined) {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(frameOf(group));
    } else if (served.has(vector)) {
      const header = request.headers['last-event-id'];
      cursors.set(vector.name, typeof header === 'string' ? fromHeaderValue(header) : '');
      response.writeHead(204).end();
    } else {
      served.add(vector);
      response.writeHead(200, eventStreamHeaders).end(vector.bytes);
    }
  };
}

function frameOf(group: readonly Vector[]): string {
  const names = group.map(({ events }) => [...new Set(['message', ...events.map(([name]) => name)])]);
  return `<!doctype html><script>
    const traces = [];
    let left = ${group.length};
    ${JSON.stringify(names)}.forEach((names, index) => {
      const events = (traces[index] = []);
      const source = new EventSource('/stream/' + index);
      for (const name of names)
        source.addEventListener(name, (event) => events.push([event.type, event.data, event.lastEventId]));
      source.onerror = () => {
        if (source.readyState !== EventSource.CLOSED) return;
        left -= 1;
        if (left === 0) parent.postMessage(traces, '*');
      };
    });
  </script>`;
}

/** A page of one frame for each group, that keeps what they tell. */
function pageOf(ports: readonly number[]): string {
  const frames = ports.map((port) => `<iframe src="http://127.0.0.1:${port}/"></iframe>`).join('');
  return `<!doctype html><script>
    globalThis.verdicts = {};
    addEventListener('message', ({ origin, data }) => {
      verdicts[new URL(origin).port] = data;
      document.title = String(Object.keys(verdicts).length);
    });
  </script>${frames}`;
}

type Judge = (url: string, frames: number) => Promise<Record<string, WireEvent[][]>>;

const inChromium: Judge = async (url, frames) => {
  await using browser = await openBrowser();
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction((count) => document.title === String(count), frames, { timeout: 60_000 });
  return await page.evaluate(() => (globalThis as unknown as { verdicts: Record<string, WireEvent[][]> }).verdicts);
};

const inFirefox: Judge = async (url, frames) => {
  await using browser = await openFirefox();
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction((count) => document.title === String(count), { timeout: 60_000 }, frames);
  return await page.evaluate(() => (globalThis as unknown as { verdicts: Record<string, WireEvent[][]> }).verdicts);
};

describe.each([
  { name: 'Chromium', judge: inChromium, deviations: ofChromium },
  { name: 'Firefox', judge: inFirefox, deviations: ofFirefox },
])('$name', ({ judge, deviations }) => {
  const verdicts = new Map<string, Verdict>();

  beforeAll(async () => {
    const cursors = new Map<string, string>();
    using servers = new DisposableStack();
    const open = async (listener: RequestListener) => servers.use(await openHttpServer(listener));
    const ports = await Promise.all(groups.map(async (group) => (await open(serveGroup(group, cursors))).port));
    const main = await open((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(pageOf(ports));
    });
    const told = await judge(main.url, groups.length);
    for (const [index, group] of groups.entries()) {
      const traces = told[String(ports[index])] ?? [];
      for (const [at, { name }] of group.entries())
        verdicts.set(name, { events: traces[at] ?? [], cursor: cursors.get(name) ?? 'none was sent' });
    }
  }, 90_000);

  it.each(vectors)('$rule $name', ({ name, events, cursor }) => {
    // A header's value has no spaces or tabs around it [rfc9110 5.5].
    const standard = { events, cursor: cursor.replaceAll(/^[ \t]+|[ \t]+$/g, '') };
    // A later browser may have come back to the standard.
    expect([standard, deviations[name] ?? standard]).toContainEqual(verdicts.get(name));
  });
});
