// The writing of an answer: the model is asked, its parts are written, the tools that it calls are run,
// and it is asked again, until it has nothing more to call.
import { isStreamError } from '../core/errors.ts';
import type { Run } from '../conversation/run.ts';
import { createAnswerWriter, type AnswerWriter } from './answer-writer.ts';
import type { Begun } from './begin-run.ts';
import type { Drive } from './drive.ts';
import { generate, retryWaitMs } from './generate.ts';
import { createMeter, type Meter } from './meter.ts';
import type { Model, ModelPart } from './model.ts';
import { reattachOf, requestFor, type TakeUp } from './request.ts';
import { countSteps, finishedParts, openCalls } from './steps.ts';
import { runTool } from './tool.ts';

interface Writing {
  readonly drive: Drive;
  readonly model: Model;
  readonly answer: AnswerWriter;
  readonly meter: Meter;
  /** Of what is asked of others: aborts when the answer is stopped or left. */
  readonly signal: AbortSignal;
}

type Reason = Extract<ModelPart, { type: 'finish' }>['reason'];

/** Writes the answer to its end; gives the run as it ended, or as it was left. */
export async function writeAnswer(drive: Drive, model: Model, begun: Begun): Promise<Run> {
  const { stopped, left } = drive.task;
  const answer = createAnswerWriter({ message: begun.run.message, parts: begun.parts, write: drive.write });
  const meter = createMeter(begun.run, model, drive.deps.clock);
  const writing = { drive, model, answer, meter, signal: AbortSignal.any([stopped, left]) };
  let finishReason: Exclude<Reason, 'tool-calls'>;
  try {
    finishReason = await writeSteps(writing, begun);
    await answer.written();
    // A stop that came while the store took the end is in the log before it.
    writing.signal.throwIfAborted();
  } catch (error) {
    if (isStreamError(error, 'lease-lost')) throw error;
    if (left.aborted) return meter.run;
    await answer.written();
    const run = meter.end(answer.parts);
    return await (stopped.aborted ? drive.endStopped(run, answer.parts) : drive.endFailed(run, error));
  }
  return await drive.end(meter.end(answer.parts), { status: 'done', finishReason });
}

async function writeSteps(writing: Writing, begun: Begun): Promise<Exclude<Reason, 'tool-calls'>> {
  const { drive, answer, meter } = writing;
  let { takeUp } = begun;
  if (begun.run.isCalling === true) await callTools(writing);
  while (true) {
    const reason = await writeStep(writing, takeUp);
    takeUp = undefined;
    const isCalling = openCalls(answer.parts).length > 0;
    // Some endpoints give the reason `stop` with the calls.
    if (reason !== 'tool-calls' && !(reason === 'stop' && isCalling)) return reason;
    if (!isCalling) return 'other';
    if (countSteps(answer.parts) >= drive.deps.maxSteps) return 'step-limit';
    await answer.written();
    await drive.write([{ ...meter.change({ isCalling: true }), type: 'run' }]);
    await callTools(writing);
  }
}

/** One step, over as many requests as it takes where the provider goes on with it in the background. */
async function writeStep(writing: Writing, first: TakeUp | undefined): Promise<Reason> {
  const { drive, answer, meter, signal } = writing;
  const { clock, random, patience } = drive.deps;
  let takeUp = first;
  for (let tries = 1; ; tries += 1) {
    try {
      return await writeRequest(writing, takeUp);
    } catch (error) {
      signal.throwIfAborted();
      meter.finished(answer.parts);
      await answer.written();
      const isGone = takeUp?.reattach !== undefined && isStreamError(error) && error.details['status'] === 404;
      const waitMs = retryWaitMs(error, tries, random);
      if (tries >= patience.maxTries || (waitMs === undefined && !isGone)) throw error;
      takeUp = isGone ? undefined : await reattachment(writing);
      if (isGone) await beginStepAnew(writing);
      else if (takeUp === undefined) throw error;
      if (waitMs !== undefined) await clock.sleep(waitMs, { signal });
    }
  }
}

async function reattachment({ drive, model, meter }: Writing): Promise<TakeUp | undefined> {
  const { conversation } = drive.task;
  const reattach = await reattachOf(drive.deps.log, { conversation: conversation.id, run: meter.run, model });
  return reattach && { reattach };
}

/** The provider does not keep for ever what it wrote in the background. */
async function beginStepAnew({ drive, answer, meter }: Writing): Promise<void> {
  answer.takeBack(finishedParts(answer.parts));
  await answer.written();
  await drive.write([{ ...meter.change({ providerRun: undefined }), type: 'run' }]);
}

async function writeRequest(writing: Writing, takeUp: TakeUp | undefined): Promise<Reason> {
  const { drive, model, answer, meter, signal } = writing;
  const { tools } = drive.deps;
  const request = requestFor(drive.task.conversation, { run: meter.run, parts: answer.parts, takeUp, tools, signal });
  meter.asked(request, answer.parts);
  let reason: Reason = 'other';
  await generate(model, request, drive.deps, (part) => {
    meter.got(part);
    if (part.type === 'started') return drive.write([{ ...meter.change({ providerRun: part.id }), type: 'run' }]);
    if (part.type !== 'finish') return answer.add(part);
    ({ reason } = part);
    return undefined;
  });
  meter.finished(answer.parts);
  return reason;
}

/** Runs the tools that the answer waits for, side by side; the results are written in the order of the calls. */
async function callTools({ drive, answer, meter, signal }: Writing): Promise<void> {
  const { tools, clock, patience } = drive.deps;
  const context = { clock, timeoutMs: patience.toolTimeoutMs, signal };
  const results = openCalls(answer.parts).map((call) => runTool(tools, call, context));
  // Those behind the one that throws are not awaited.
  for (const result of results) result.catch(() => undefined);
  for (const result of results) await answer.add({ type: 'part', part: await result });
  await answer.written();
  await drive.write([{ ...meter.change({ isCalling: undefined, providerRun: undefined }), type: 'run' }]);
}
