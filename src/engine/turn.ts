// When a run's turn comes: when the answers above its own in the tree have ended. Those beside it are
// written at the same time.
import type { Clock } from '../core/clock.ts';
import { isStreamError } from '../core/errors.ts';
import type { MessageId, RunId } from '../core/ids.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { hasEnded, type Run } from '../conversation/run.ts';
import { pathTo } from '../conversation/tree.ts';
import type { Log } from '../log/log.ts';
import type { Conversations } from './conversations.ts';
import { patiently } from './patiently.ts';

/** The runs on the line to the message that have not ended. */
export function liveRunsOn({ messages, runs }: Conversation, leaf: MessageId | null): Run[] {
  const live = runs.filter((run) => !hasEnded(run.status));
  if (live.length === 0) return [];
  const line = new Set(pathTo(messages, leaf).map(({ id }) => id));
  return live.filter((run) => line.has(run.message));
}

interface Waiting {
  readonly id: RunId;
  readonly log: Log;
  readonly conversations: Conversations;
  readonly clock: Clock;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** The conversation as it is when it is the run's turn, or when the signal aborts. */
export async function turnOf(first: Conversation, waiting: Waiting): Promise<Conversation> {
  const { id, log, conversations, clock, signal } = waiting;
  let conversation = first;
  while (!signal.aborted && isBehind(conversation, id)) {
    // Whoever drives the others, here or elsewhere: their ends are in the log.
    await nextRunEntry(log, conversation, signal);
    try {
      if (!signal.aborted) conversation = await patiently(() => conversations.load(first.id), { clock, signal });
    } catch (error) {
      if (!signal.aborted) throw error; // Stopped while the store was not to be had: that is all it needs to know.
    }
  }
  return conversation;
}

function isBehind(conversation: Conversation, id: RunId): boolean {
  const run = conversation.runs.find((candidate) => candidate.id === id);
  const answer = conversation.messages.find((message) => message.id === run?.message);
  return answer !== undefined && liveRunsOn(conversation, answer.parent).length > 0;
}

async function nextRunEntry(log: Log, { id, offset }: Conversation, signal: AbortSignal): Promise<void> {
  try {
    for await (const entries of log.follow(id, { after: offset, signal })) {
      if (entries.some(({ type }) => type === 'run')) return;
    }
  } catch (error) {
    if (!isStreamError(error, 'offset-expired')) throw error; // Folded meanwhile: the state says what there is.
  }
}
