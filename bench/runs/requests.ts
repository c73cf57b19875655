// The API over HTTP, cheaply: its CPU time is the machine's too.
import { Agent, request, type IncomingMessage } from 'node:http';
import { createParser, type SseMessage } from 'verbatim/sse';

export interface Api {
  /** What it answers, as JSON; throws for anything but 2xx. */
  call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<any>; // oxlint-disable-line typescript/no-explicit-any -- Our own server wrote it.
  /** Reads an event stream until it is closed. */
  follow(path: string, onMessage: (message: SseMessage) => void): Promise<{ close(): void }>;
  close(): void;
}

export function createApi(port: number): Api {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const followers = new Agent({ maxSockets: Infinity });

  async function open(
    method: string,
    path: string,
    options: { agent: Agent; body?: string },
  ): Promise<IncomingMessage> {
    const headers = options.body === undefined ? {} : { 'Content-Type': 'application/json' };
    return await new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: options.agent }, resolve);
      sent.on('error', reject).end(options.body);
    });
  }

  return {
    async call(method, path, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const response = await open(method, path, text === undefined ? { agent } : { agent, body: text });
      let answer = '';
      for await (const piece of response.setEncoding('utf8')) answer += String(piece);
      if ((response.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${answer}`);
      return JSON.parse(answer);
    },
    async follow(path, onMessage) {
      const response = await open('GET', path, { agent: followers });
      const parser = createParser({ onEvent: onMessage });
      response.on('data', (bytes: Buffer) => parser.feed(bytes));
      response.on('error', () => undefined); // It was closed.
      return { close: () => void response.destroy() };
    },
    close() {
      agent.destroy();
      followers.destroy();
    },
  };
}

/** Does it for each number below `count`, so many at a time. */
export async function forEach(count: number, atOnce: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  async function lane(): Promise<void> {
    while (next < count) {
      const n = next;
      next += 1;
      await work(n);
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}
