// A provider on a port of its own: plays answers in the order of the requests, byte by byte where asked,
// and keeps what it was sent.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelPart, ModelRequest } from '../../src/engine/model.ts';

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** How many bytes are sent at once. Default: all. */
  readonly sizeBytes?: number;
  /** What happens at the end of the body: the answer ends, its connection is cut, or it stays open. */
  readonly end?: 'end' | 'cut' | 'stay';
  /** Called when the body was sent. */
  readonly onSent?: () => void;
}

interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The JSON that was sent; undefined for none. */
  readonly body: unknown;
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<unknown>;
}

export interface Provider extends AsyncDisposable {
  readonly url: string;
  /** What it was asked, in order. */
  readonly received: readonly Received[];
  /** The request with that index, when it has come. */
  request(index: number): Promise<Received>;
}

/** One answer a request; the last also for all that follow. */
export async function startProvider(...answers: readonly Answer[]): Promise<Provider> {
  const received: Received[] = [];
  const waiting = new Map<number, (request: Received) => void>();

  async function play(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const sent = Buffer.concat(pieces).toString();
    const { method = '', url = '', headers } = request;
    const body: unknown = sent === '' ? undefined : JSON.parse(sent);
    const index = received.push({ method, path: url, headers, body, closed: once(response, 'close') }) - 1;
    waiting.get(index)?.(received[index] as Received);
    await answer(response, answers[Math.min(index, answers.length - 1)] ?? {});
  }

  const server = createServer((request, response) => void play(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // Listening on TCP.
    received,
    async request(index) {
      return received[index] ?? (await new Promise((resolve) => waiting.set(index, resolve)));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(response: ServerResponse, { status = 200, ...given }: Answer): Promise<void> {
  const type = status === 200 && !given.body?.startsWith('{') ? 'text/event-stream' : 'application/json';
  response.writeHead(status, { 'Content-Type': type, ...given.headers });
  const bytes = Buffer.from(given.body ?? '');
  const sizeBytes = given.sizeBytes ?? bytes.length;
  for (let start = 0; start < bytes.length && !response.destroyed; start += sizeBytes) {
    // With a turn of the loop between any two, so that the client reads them apart.
    await new Promise<void>((resolve) => response.write(bytes.subarray(start, start + sizeBytes), () => resolve()));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  given.onSent?.();
  if (given.end === 'cut') response.destroy();
  else if (given.end !== 'stay') response.end();
}

/** What a provider sends, as it is written down. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../../src/engine/models/fixtures/${name}.sse`, import.meta.url), 'utf8');
}

export function requestOf(more: Partial<ModelRequest> = {}): ModelRequest {
  const messages = [{ role: 'user' as const, parts: [{ type: 'text' as const, text: 'Hello' }] }];
  const { signal } = new AbortController();
  return { system: '', messages, prefix: '', settings: {}, tools: [], signal, ...more };
}

/** What was given until it failed. */
export async function collect(parts: AsyncIterable<ModelPart>): Promise<{ parts: ModelPart[]; error?: unknown }> {
  const collected: ModelPart[] = [];
  try {
    for await (const part of parts) collected.push(part);
    return { parts: collected };
  } catch (error) {
    return { parts: collected, error };
  }
}

/** All the text of one type. */
export function said(parts: readonly ModelPart[], type: 'text' | 'reasoning' = 'text'): string {
  return parts.map((part) => (part.type === type ? part.text : '')).join('');
}
