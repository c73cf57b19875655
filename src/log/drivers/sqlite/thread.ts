// The worker thread as functions that wait for its answers.
import { Worker } from 'node:worker_threads';
import { StreamError } from '../../../core/errors.ts';
import { logClosed } from '../../refuse.ts';
import type { Failure, Opened, OperationName, Operations, Reply, WorkerSettings } from './protocol.ts';

export interface StoreThread {
  readonly opened: Opened;
  /** The operation's result. `transfer` lists buffers that are the worker's from now on. */
  call<Name extends OperationName>(
    name: Name,
    request: Operations[Name]['request'],
    transfer?: readonly ArrayBuffer[],
  ): Promise<Operations[Name]['result']>;
  /** Lets the store go when all calls were answered. Idempotent. */
  close(): Promise<void>;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Errors: those of opening the store. */
export async function startThread(settings: WorkerSettings): Promise<StoreThread> {
  // Run from source the file beside this one ends in .ts, built it ends in .js.
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: settings,
    execArgv: [], // Flags of the program, such as those for a text to run, are not for this file.
  });
  const pending = new Map<number, Pending>();
  const ready = Promise.withResolvers<Opened>();
  const exited = Promise.withResolvers<void>();
  let lastId = 0;
  let gone: StreamError | undefined;
  let isClosing = false;

  function fail(error: StreamError): void {
    gone ??= error;
    ready.reject(gone);
    for (const { reject } of pending.values()) reject(gone);
    pending.clear();
  }

  function take(id: number): Pending | undefined {
    const waiting = pending.get(id);
    pending.delete(id);
    return waiting;
  }

  worker.on('message', (reply: Reply) => {
    if (reply.type === 'opened') ready.resolve(reply.opened);
    else if (reply.type === 'open-failed') fail(errorOf(reply.failure));
    else if (reply.type === 'result') take(reply.id)?.resolve(reply.result);
    else take(reply.id)?.reject(errorOf(reply.failure));
  });
  worker.on('error', (error) => fail(new StreamError('store-unavailable', 'The store has failed.', { cause: error })));
  worker.on('exit', () => {
    fail(logClosed());
    exited.resolve();
  });

  return {
    opened: await ready.promise,
    async call(name, request, transfer = []) {
      if (gone !== undefined || isClosing) throw gone ?? logClosed();
      const id = (lastId += 1);
      const reply = Promise.withResolvers<unknown>();
      pending.set(id, reply);
      worker.postMessage({ id, name, request }, transfer);
      return (await reply.promise) as Operations[typeof name]['result']; // The worker answers what was asked.
    },
    async close() {
      if (!isClosing) worker.postMessage('close');
      isClosing = true;
      await exited.promise;
    },
  };
}

function errorOf({ code, message, details }: Failure): StreamError {
  return new StreamError(code, message, { details });
}
