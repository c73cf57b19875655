// The steps of an answer, as its parts show them: what the model says, the tools that it calls, their
// results, and again. From them follows where an answer that was cut can be taken up.
import { tryParseJson } from '../core/json.ts';
import type { Part, ToolCallPart, ToolResultPart } from '../conversation/message.ts';
import type { ModelMessage } from './model.ts';

/** How many of the parts belong to steps that are over: up to the last result of a tool. */
export function finishedParts(parts: readonly Part[]): number {
  return parts.findLastIndex((part) => part.type === 'tool-result') + 1;
}

/** The calls that wait for a result of this server's. */
export function openCalls(parts: readonly Part[]): ToolCallPart[] {
  const answered = new Set(resultsIn(parts).values());
  return parts
    .filter((part) => part.type === 'tool-call')
    .filter((call) => call.isRunByProvider !== true && !answered.has(call));
}

/** Each result with its call. By their order: some providers count their calls anew in each step. */
function resultsIn(parts: readonly Part[]): ReadonlyMap<ToolResultPart, ToolCallPart> {
  const open = new Map<string, ToolCallPart>();
  const results = new Map<ToolResultPart, ToolCallPart>();
  for (const part of parts) {
    if (part.type === 'tool-call') open.set(part.id, part);
    if (part.type !== 'tool-result') continue;
    const call = open.get(part.call);
    if (call !== undefined) results.set(part, call);
    open.delete(part.call);
  }
  return results;
}

/** How many steps ended in calls of this server's tools. */
export function countSteps(parts: readonly Part[]): number {
  const calls = resultsIn(parts);
  const isOwn = (part: Part | undefined): boolean =>
    part?.type === 'tool-result' && calls.get(part)?.isRunByProvider !== true;
  return parts.filter((part, index) => isOwn(part) && !isOwn(parts[index - 1])).length;
}

/** The message as a model is told of it: without calls that have no result, which providers refuse. */
export function toldOf({ role, parts }: ModelMessage): ModelMessage {
  const told = new Set<Part>();
  for (const [result, call] of resultsIn(parts)) if (isWhole(call)) told.add(result).add(call);
  return { role, parts: parts.filter((part) => !isOfTools(part) || told.has(part)) };
}

function isOfTools({ type }: Part): boolean {
  return type === 'tool-call' || type === 'tool-result';
}

function isWhole({ text }: ToolCallPart): boolean {
  return text.trim() === '' || tryParseJson(text) !== undefined;
}
