// A run in its conversation.
import { isStreamError, StreamError } from '../core/errors.ts';
import { conversationOfRun, type RunId } from '../core/ids.ts';
import type { Conversation } from '../conversation/reduce.ts';
import type { Run } from '../conversation/run.ts';
import type { Conversations } from './conversations.ts';

/** Errors: `run-not-found`. */
export async function loadRun(conversations: Conversations, id: RunId): Promise<Run> {
  try {
    return runIn(await conversations.load(conversationOfRun(id)), id);
  } catch (error) {
    throw isStreamError(error, 'conversation-not-found') ? runNotFound(id) : error;
  }
}

/** Errors: `run-not-found`. */
export function runIn({ runs }: Conversation, id: RunId): Run {
  const run = runs.find((candidate) => candidate.id === id);
  if (run === undefined) throw runNotFound(id);
  return run;
}

function runNotFound(id: string): StreamError {
  return new StreamError(
    'run-not-found',
    `Expected an existing run, but there is none with the id ${id}. A message's answer gives the id of its run.`,
  );
}
