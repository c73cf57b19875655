// A part of the benchmark in a process of its own, whose CPU time and memory are its own.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { smallFlags } from '../support/server-flags.ts';

/** Runs `bench/log/<file>` with the task, and gives the message that it ends with. Throws when it fails, or takes longer. */
export async function runChild<T>(file: string, task: unknown, options: ChildOptions): Promise<T> {
  const child = startChild(file, task, options);
  try {
    return await messageFrom<T>(child, options.maxMs);
  } finally {
    await endChild(child);
  }
}

export interface ChildOptions {
  readonly maxMs: number;
  readonly env?: NodeJS.ProcessEnv;
  /** V8's. Default: `smallFlags`. */
  readonly flags?: readonly string[];
}

export function startChild(
  file: string,
  task: unknown,
  { env = {}, flags = smallFlags }: Partial<ChildOptions> = {},
): ChildProcess {
  const child = fork(new URL(file, import.meta.url), [JSON.stringify(task)], {
    execArgv: ['--conditions=verbatim-source', '--expose-gc', ...flags],
    env: { ...process.env, ...env },
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  return child;
}

export async function messageFrom<T>(child: ChildProcess, maxMs: number): Promise<T> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(maxMs)]);
  try {
    const failed = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`It ended early, with ${String(code)}`);
    });
    const [message] = await Promise.race([once(child, 'message', { signal }), failed]);
    return message as T; // As the part in question sends it.
  } catch (error) {
    if (signal.aborted) throw new Error(`It did not end within ${maxMs / 1_000} s`, { cause: error });
    throw error;
  } finally {
    ended.abort();
  }
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
