// One run under one lease: the model's parts become entries, as they come, until it ends.
// The lease is held by the caller; every append here carries its epoch.
import { abortable } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { isStreamError, messageOf } from '../core/errors.ts';
import type { ConversationEvent } from '../conversation/event.ts';
import { textOf } from '../conversation/message.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { hasEnded, type Run } from '../conversation/run.ts';
import { pathTo } from '../conversation/tree.ts';
import type { Lease } from '../log/lease.ts';
import { writeEnd, type EndDeps } from './end-run.ts';
import { entryOf } from './entries.ts';
import type { Model, ModelCatalogue, ModelPart, ModelRequest } from './model.ts';
import { patiently } from './patiently.ts';

export interface RunnerDeps extends EndDeps {
  readonly models: ModelCatalogue;
  readonly clock: Clock;
}

export interface RunTask {
  readonly conversation: Conversation;
  readonly run: Run;
  readonly lease: Lease;
  /** Aborts when a person wants no more of the answer. */
  readonly stopped: AbortSignal;
  /** Aborts when this process can no longer drive the run; it is left for another to take over. */
  readonly left: AbortSignal;
}

/** Text that may wait for the store before reading from the model pauses, in UTF-16 code units. */
const maxWaitingLength = 64 * 1024; // Chosen: minutes of a fast model's text.

/**
 * Drives the run to its end and gives it as it ended, or as it was left.
 * Errors: `lease-lost` when another process drives it now.
 */
export async function driveRun(task: RunTask, deps: RunnerDeps): Promise<Run> {
  const { run } = task;
  if (hasEnded(run.status)) return run;
  const write = createWriter(task, deps);
  const model = deps.models.find(run.model);
  if (task.stopped.aborted) return await end(run, { status: 'stopped' });
  if (model === undefined) {
    const message = `Expected the model ${run.model}, but it is not there any more. Choose another and ask again.`;
    return await end(run, { status: 'failed', error: { code: 'model-not-found', message } });
  }
  const wasCut = run.status === 'running';
  if (wasCut && !model.continuesPrefix) return await end(run, { status: 'interrupted' });
  const begun: Run = { ...run, status: 'running', attempt: wasCut ? run.attempt + 1 : run.attempt };
  await write({ ...begun, type: 'run' });
  const generated = await generate(model);
  return generated === 'left' ? begun : await end(begun, generated);

  async function end(from: Run, outcome: Partial<Run>): Promise<Run> {
    const ended = { ...from, ...outcome };
    return await patiently(() => writeEnd(ended, task.lease, deps), { clock: deps.clock, signal: task.left });
  }

  async function generate(chosen: Model): Promise<Partial<Run> | 'left'> {
    const wanted = AbortSignal.any([task.stopped, task.left]);
    const answer = createAnswer(task, write);
    try {
      const request = requestFor(task, wanted);
      let finish: Partial<Run> = { finishReason: 'other' };
      for await (const part of untilAborted(chosen.stream(request), wanted)) {
        if (part.type === 'text') await answer.add(part.text);
        else finish = { finishReason: part.reason, usage: part.usage };
      }
      await answer.written();
      return { ...finish, status: 'done' };
    } catch (error) {
      if (isStreamError(error, 'lease-lost')) throw error;
      if (task.left.aborted) return 'left';
      await answer.written();
      if (task.stopped.aborted) return { status: 'stopped' };
      const code = isStreamError(error) ? error.code : 'model-failed';
      return { status: 'failed', error: { code, message: messageOf(error) } };
    }
  }
}

type Write = (event: ConversationEvent) => Promise<void>;

/** Appends under the lease. Written twice would do no harm: a delta says where its text begins. */
function createWriter({ conversation, lease, left }: RunTask, { log, clock }: RunnerDeps): Write {
  return async (event) => {
    const entries = [entryOf(event)];
    await patiently(() => log.append(conversation.id, entries, { lease }), { clock, signal: left });
  };
}

interface Answer {
  /** Takes text; waits only while too much of it waits for the store. */
  add(text: string): Promise<void>;
  /** Resolves when all text is durable. */
  written(): Promise<void>;
}

/** Text on its way to the log: while one delta is being committed, what comes gathers in the next. */
function createAnswer({ conversation, run }: RunTask, write: Write): Answer {
  const message = conversation.messages.find(({ id }) => id === run.message);
  const part = 0;
  let at = message?.parts[part]?.text.length ?? 0;
  let waiting = '';
  let writing: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  async function writeAll(): Promise<void> {
    try {
      while (waiting !== '') {
        const text = waiting;
        waiting = '';
        await write({ type: 'delta', message: run.message, part, at, text });
        at += text.length;
      }
    } catch (error) {
      failure = { error };
    } finally {
      writing = undefined;
    }
  }

  async function written(): Promise<void> {
    await writing;
    if (failure !== undefined) throw failure.error;
  }

  return {
    async add(text) {
      if (failure !== undefined) throw failure.error;
      waiting += text;
      if (waiting === '') return;
      writing ??= writeAll();
      if (waiting.length > maxWaitingLength) await written();
    },
    written,
  };
}

function requestFor({ conversation, run }: RunTask, signal: AbortSignal): ModelRequest {
  const path = pathTo(conversation.messages, run.message);
  const answer = path.pop();
  // An answer without a word, stopped or failed, has nothing to tell the model.
  const messages = path
    .map((message) => ({ role: message.role, text: textOf(message) }))
    .filter(({ text }) => text !== '');
  return { messages, prefix: answer === undefined ? '' : textOf(answer), signal };
}

/** The parts until the signal aborts; then throws its reason at once, also where the model does not react. */
async function* untilAborted(parts: AsyncIterable<ModelPart>, signal: AbortSignal): AsyncGenerator<ModelPart> {
  const iterator = parts[Symbol.asyncIterator]();
  try {
    while (true) {
      const result = await abortable<IteratorResult<ModelPart>>(signal, (resolve, reject) => {
        iterator.next().then(resolve, reject);
        return () => undefined;
      });
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    // Not awaited: a model that does not react to the signal would hold the stop up.
    iterator.return?.().catch(() => undefined);
  }
}
