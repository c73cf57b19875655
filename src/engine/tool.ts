// Tools of the embedding program: what they are, and how a call becomes a result.
import { abortable } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf, show } from '../core/errors.ts';
import { tryParseJson, isRecord } from '../core/json.ts';
import type { ToolCallPart, ToolResultPart } from '../conversation/message.ts';
import type { ToolInfo } from './model.ts';

export interface ToolContext {
  /**
   * The call's name, the same when it is run again: after a crash it is not known how far the first
   * attempt came, so that a tool which must act once keeps it, as an idempotency key.
   */
  readonly call: string;
  /** Aborts when the run is stopped or left, or the tool has taken too long. */
  readonly signal: AbortSignal;
}

export interface Tool extends ToolInfo {
  /** Gives any JSON value. What it throws is told to the model by its message. */
  execute(input: Readonly<Record<string, unknown>>, context: ToolContext): Promise<unknown>;
}

const maxOutputLength = 1_000_000; // Chosen: far beyond what a model can read, in UTF-16 code units of JSON.

interface Running {
  readonly clock: Clock;
  /** How long the tool may take, in ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What the call gives. Never throws but for the signal's reason: what goes wrong is the model's to know. */
export async function runTool(
  tools: readonly Tool[],
  { id, name, text }: ToolCallPart,
  { clock, timeoutMs, signal }: Running,
): Promise<ToolResultPart> {
  const failed = (output: string): ToolResultPart => ({ type: 'tool-result', call: id, output, isError: true });
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) {
    const known = tools.map((candidate) => candidate.name).join(', ');
    return failed(`Expected one of the tools ${known}, got ${show(name)}.`);
  }
  const input = text.trim() === '' ? {} : tryParseJson(text);
  if (!isRecord(input)) return failed(`Expected a JSON object as the arguments of ${name}, got ${show(text)}.`);
  const late = new AbortController();
  const ends = AbortSignal.any([signal, late.signal]);
  const timer = clock.setTimer(timeoutMs, () => {
    late.abort(new Error(`Expected ${name} to end within ${timeoutMs / 1_000} s. It is not known how far it came.`));
  });
  try {
    // At once also where the tool does not react to the signal.
    const output = await abortable<unknown>(ends, (resolve, reject) => {
      tool.execute(input, { call: id, signal: ends }).then(resolve, reject);
      return () => undefined;
    });
    ends.throwIfAborted();
    const json = JSON.stringify(output ?? null);
    if (json.length > maxOutputLength) {
      return failed(`Expected a result of at most ${maxOutputLength} characters, got ${json.length}.`);
    }
    return { type: 'tool-result', call: id, output: JSON.parse(json) as unknown };
  } catch (error) {
    signal.throwIfAborted();
    return failed(messageOf(error));
  } finally {
    timer.cancel();
  }
}
