// The built program as its user runs it: started, killed and started again on the same store.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/verbatim.js', import.meta.url));

export interface Program extends AsyncDisposable {
  /** `http://localhost:<port>`. */
  readonly url: string;
  readonly port: number;
  /** What it printed when it was ready. */
  readonly output: string;
  /** Resolves when the process is gone. SIGKILL by default: no chance to tidy up. */
  kill(signal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<number | null>;
}

export interface Workspace extends Disposable {
  readonly folder: string;
  /** Starts the program on this workspace's store; resolves when it is ready. */
  start(options?: { port?: number; args?: readonly string[]; env?: Record<string, string> }): Promise<Program>;
}

/** A folder of its own with a store in it, removed when it is disposed of. */
export function createWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-e2e-'));
  return {
    folder,
    async start({ port = 0, args = [], env = {} } = {}) {
      return await startProgram(
        ['serve', '--port', String(port), '--store', `sqlite:${join(folder, 'v.db')}`, ...args],
        env,
      );
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs the program to its end. */
export async function runProgram(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnProgram(args, env);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null]; // As Node documents the event.
  return { code, stdout: stdout(), stderr: stderr() };
}

function spawnProgram(args: readonly string[], env: Record<string, string>): ChildProcess {
  const { OPENAI_API_KEY: _key, OPENAI_BASE_URL: _url, PORT: _port, HOST: _host, ...rest } = process.env;
  return spawn(process.execPath, [bin, ...args], { env: { ...rest, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return () => text;
}

async function startProgram(args: readonly string[], env: Record<string, string>): Promise<Program> {
  const child = spawnProgram(args, env);
  const exited = once(child, 'exit') as Promise<[number | null]>; // As Node documents the event.
  const stderr = collect(child.stderr);
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('stdout is piped');
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith('Press Ctrl+C')) break;
  }
  child.stdout.resume();
  const port = Number(/http:\/\/[^:]+:([0-9]+)/.exec(lines[0] ?? '')?.[1]);
  if (Number.isNaN(port)) throw new Error(`The program did not start: ${lines.join('\n')}${stderr()}`);
  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const [code] = await exited;
    return code;
  }
  return {
    url: `http://localhost:${port}`,
    port,
    output: lines.join('\n'),
    kill,
    [Symbol.asyncDispose]: async () => void (await kill()),
  };
}
