// A test's own program in a process of its own, from source, which says what it does in lines of JSON.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What Node compiled is kept for the next start, which takes half the time. One folder for all runs: it stays. */
const compileCache = join(tmpdir(), 'verbatim-test-compiled');

export interface Child<Message> {
  readonly process: ChildProcess;
  /** What it writes to its descriptor 3, in order, to its end. A line that a kill cut is left out. */
  readonly messages: AsyncIterable<Message>;
  /** Resolves when it is gone: with its exit code, or null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** What it wrote to its standard error so far. */
  readonly stderr: () => string;
}

/** Starts `node <file> <argument>`, with `wrapper` before it. */
export function startChild<Message>(
  file: URL,
  argument: unknown,
  { wrapper = [] }: { wrapper?: readonly string[] } = {},
): Child<Message> {
  const [command, ...args] = [
    ...wrapper,
    process.execPath,
    '--conditions=verbatim-source',
    fileURLToPath(file),
    JSON.stringify(argument),
  ];
  const child = spawn(command, args, {
    env: { ...process.env, NODE_OPTIONS: '', NODE_COMPILE_CACHE: compileCache },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  // A descriptor that Node itself never touches: a write to it waits where there is no room, and is
  // the reader's when it returns.
  const reports = child.stdio[3];
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const closed = once(child, 'close') as Promise<[number | null]>; // As Node documents the event.
  return {
    process: child,
    messages: linesOf(reports as Readable), // By `stdio` above.
    exited: closed.then(([code]) => code),
    stderr: () => stderr,
  };
}

/** All that it says until it is gone. */
export async function hearOut<Message>(child: Child<Message>): Promise<{ messages: Message[]; code: number | null }> {
  const messages: Message[] = [];
  for await (const message of child.messages) messages.push(message);
  return { messages, code: await child.exited };
}

async function* linesOf<Message>(reports: Readable): AsyncGenerator<Message> {
  let rest = '';
  reports.setEncoding('utf8');
  for await (const piece of reports) {
    const lines = `${rest}${String(piece)}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as Message; // The child is of the same test.
  }
}
