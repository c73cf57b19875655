// One reader of an event stream on a socket of its own, which the suite can stall, kill or half-close.
import { connect, type Socket } from 'node:net';

export interface Head {
  readonly status: number;
  /** By lower-case name; a header that came more than once, with all its values. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** How the body ended. `broken`: before its length or its last chunk, or by a reset. */
export type Ending = 'whole' | 'broken';

export interface Client extends Disposable {
  head(): Promise<Head>;
  /** What has arrived of the body, once `enough` holds of it. */
  until(enough: (text: string) => boolean): Promise<string>;
  ended(): Promise<{ readonly how: Ending; readonly text: string }>;
  /** Reads no more. */
  stall(): void;
  readOn(): void;
  /** Goes without a word. */
  kill(): void;
  /** Says that it will send nothing more, and reads on. */
  halfClose(): void;
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly httpVersion?: '1.0' | '1.1';
}

export type OpenClient = (port: number, options?: RequestOptions) => Client;

/** What a client has got. Those who wait for some of it are told when there is more. */
export function createInbox() {
  const head = Promise.withResolvers<Head>();
  const ending = Promise.withResolvers<Ending>();
  const pieces: Buffer[] = [];
  const waiting = new Set<() => void>();
  head.promise.catch(() => undefined); // Who does not ask for it does not miss it.

  const text = (): string => Buffer.concat(pieces).toString();

  return {
    gotHead: head.resolve,
    got(bytes: Buffer): void {
      pieces.push(bytes);
      for (const look of waiting) look();
    },
    end(how: Ending): void {
      head.reject(new Error('The connection ended before an answer came'));
      ending.resolve(how);
      for (const look of waiting) look();
    },
    head: async () => await head.promise,
    ended: async () => ({ how: await ending.promise, text: text() }),
    async until(enough: (text: string) => boolean): Promise<string> {
      let isOver = false;
      void ending.promise.then(() => {
        isOver = true;
      });
      while (!enough(text())) {
        if (isOver) throw new Error(`Expected more of the body than ${JSON.stringify(text())}`);
        await new Promise<void>((resolve) => {
          const look = (): void => {
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
        });
      }
      return text();
    },
  };
}

/** A reader over HTTP/1, which sees every byte of the connection. */
export const openHttp1Client: OpenClient = (port, options = {}) => {
  const { method = 'GET', headers = {}, httpVersion = '1.1' } = options;
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const inbox = createInbox();
  const body = createBody(inbox.got);
  let before = Buffer.alloc(0);
  let hasHead = false;
  let isWhole = false;

  function read(bytes: Buffer): void {
    if (hasHead) {
      isWhole ||= body.feed(bytes);
    } else {
      before = Buffer.concat([before, bytes]);
      const end = before.indexOf('\r\n\r\n');
      if (end === -1) return;
      hasHead = true;
      const head = parseHead(before.subarray(0, end).toString('latin1'));
      isWhole = method === 'HEAD' || body.begin(head);
      inbox.gotHead(head);
      if (!isWhole) isWhole = body.feed(before.subarray(end + 4));
    }
    if (isWhole) inbox.end('whole');
  }

  socket.on('data', read);
  socket.on('end', () => {
    if (hasHead && body.endsByClose()) inbox.end('whole');
    socket.end();
  });
  socket.on('close', () => inbox.end('broken'));
  socket.on('error', () => undefined); // A reset is what some tests are about; `close` comes after it.
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`${method} / HTTP/${httpVersion}\r\n${lines.join('')}\r\n`, 'latin1');

  return {
    head: inbox.head,
    until: inbox.until,
    ended: inbox.ended,
    stall: () => void socket.pause(),
    readOn: () => void socket.resume(),
    kill: () => void socket.resetAndDestroy(),
    halfClose: () => void socket.end(),
    [Symbol.dispose]: () => void socket.destroy(),
  };
};

function parseHead(text: string): Head {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const headers: Record<string, string[]> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    (headers[name] ??= []).push(line.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(' ')[1]), headers };
}

/** The body's bytes out of the connection's [rfc9112 6]. */
function createBody(got: (bytes: Buffer) => void) {
  let isChunked = false;
  let leftBytes = Infinity;
  let waiting = Buffer.alloc(0);

  /** The next line, without its end, once it has come whole. */
  function takeLine(): string | undefined {
    const end = waiting.indexOf('\r\n');
    if (end === -1) return undefined;
    const line = waiting.subarray(0, end).toString('latin1');
    waiting = waiting.subarray(end + 2);
    return line;
  }

  function take(): void {
    const piece = waiting.subarray(0, Math.min(leftBytes, waiting.length));
    waiting = waiting.subarray(piece.length);
    leftBytes -= piece.length;
    if (piece.length > 0) got(piece);
  }

  return {
    /** Whether there is no body. */
    begin({ headers }: Head): boolean {
      isChunked = headers['transfer-encoding']?.[0] === 'chunked';
      const length = headers['content-length']?.[0];
      if (isChunked) leftBytes = 0;
      else if (length !== undefined) leftBytes = Number(length);
      return leftBytes === 0 && !isChunked;
    },
    /** Whether the body is whole now. */
    feed(bytes: Buffer): boolean {
      waiting = Buffer.concat([waiting, bytes]);
      take();
      while (isChunked && leftBytes === 0) {
        const line = takeLine();
        if (line === undefined) return false;
        if (line === '0') return true;
        leftBytes = line === '' ? 0 : Number.parseInt(line, 16); // The line end behind a chunk is an empty line.
        take();
      }
      return leftBytes === 0;
    },
    endsByClose: () => !isChunked && leftBytes === Infinity,
  };
}
