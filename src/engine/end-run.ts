// How a run ends in the log: its last status and, in the same commit, what a search finds of its answer.
import { conversationOfRun } from '../core/ids.ts';
import { textOf } from '../conversation/message.ts';
import { hasEnded, type Run } from '../conversation/run.ts';
import type { Lease } from '../log/lease.ts';
import type { Log } from '../log/log.ts';
import type { Conversations } from './conversations.ts';
import { entryOf } from './entries.ts';
import { deletedOwner } from './purge.ts';

export interface EndDeps {
  readonly log: Log;
  readonly conversations: Conversations;
  readonly owner: string;
}

const maxSearchLength = 1_000_000; // Chosen: a long book; of a longer answer a search knows the beginning.

/**
 * Writes the run as it ended, under its lease; where it has ended already, nothing. Gives it as it
 * then is. Expects the answer's text to be written. Errors: `lease-lost`, `store-unavailable`.
 */
export async function writeEnd(ended: Run, lease: Lease, { log, conversations, owner }: EndDeps): Promise<Run> {
  const { id, messages, runs, deletedAtMs } = await conversations.load(conversationOfRun(ended.id));
  const current = runs.find((run) => run.id === ended.id);
  // By an append whose answer got lost.
  if (current !== undefined && hasEnded(current.status)) return current;
  const answer = messages.findLast((message) => message.id === ended.message);
  const text = answer === undefined ? '' : textOf(answer).slice(0, maxSearchLength).toWellFormed();
  const index = text === '' ? undefined : { owner: deletedAtMs === null ? owner : deletedOwner(owner), text };
  await log.append(id, [entryOf({ ...ended, type: 'run' })], { lease, index });
  return ended;
}
