// What a model is asked, from the log alone: what a client says of earlier messages counts for nothing.
import type { Part } from '../conversation/message.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { Run } from '../conversation/run.ts';
import { pathTo } from '../conversation/tree.ts';
import type { ConversationId } from '../core/ids.ts';
import type { Log } from '../log/log.ts';
import { placedEventOf } from './entries.ts';
import type { Model, ModelMessage, ModelRequest, Reattach, ToolInfo } from './model.ts';
import { toldOf } from './steps.ts';

export interface Asking {
  readonly run: Run;
  /** The answer so far. */
  readonly parts: readonly Part[];
  /** How an answer that was cut is taken up; undefined where the model begins a step. */
  readonly takeUp: TakeUp | undefined;
  readonly tools: readonly ToolInfo[];
  readonly signal: AbortSignal;
}

/** The model goes on in the last part, which it is given, or its provider is asked for the rest. */
export interface TakeUp {
  readonly reattach: Reattach | undefined;
}

export function requestFor(conversation: Conversation, asking: Asking): ModelRequest {
  const { run, parts, takeUp, tools, signal } = asking;
  const path: ModelMessage[] = pathTo(conversation.messages, run.message).slice(0, -1);
  const last = parts.at(-1);
  const isInText = takeUp !== undefined && takeUp.reattach === undefined && last?.type === 'text';
  path.push({ role: 'assistant', parts: takeUp === undefined ? parts : parts.slice(0, -1) });
  return {
    system: conversation.system,
    messages: path.map(toldOf).filter(saysSomething),
    prefix: isInText ? last.text : '',
    settings: conversation.settings,
    tools: tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })),
    reattach: takeUp?.reattach,
    signal,
  };
}

/** An answer without a word, stopped or failed, has nothing to tell the model. */
function saysSomething({ parts }: ModelMessage): boolean {
  return parts.some((part) => part.type !== 'text' || part.text !== '');
}

/** By what the provider's own run is taken up again, where there is one. */
export async function reattachOf(
  log: Log,
  { conversation, run, model }: { conversation: ConversationId; run: Run; model: Model },
): Promise<Reattach | undefined> {
  if (model.reattaches !== true || run.providerRun === undefined) return undefined;
  return { id: run.providerRun, mark: await lastMark(log, conversation, run) };
}

async function lastMark(log: Log, conversation: ConversationId, { id, message }: Run): Promise<string | undefined> {
  let mark: string | undefined;
  let providerRun: string | undefined;
  for (let after = 0; ;) {
    const entries = await log.read(conversation, { after });
    const last = entries.at(-1);
    if (last === undefined) return mark;
    after = last.offset;
    for (const { event } of entries.map(placedEventOf)) {
      // A mark is a place in the stream of one provider's run, and of no later one's.
      if (event.type === 'run' && event.id === id && event.providerRun !== providerRun) {
        ({ providerRun } = event);
        mark = undefined;
      }
      if ((event.type === 'delta' || event.type === 'part') && event.message === message) mark = event.mark ?? mark;
    }
  }
}
