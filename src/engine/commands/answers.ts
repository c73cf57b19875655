// Answers that are about to be written: their messages and runs go into the log in one append, claimed
// before it, so that a crash at any point leaves either nothing or runs that a takeover will find.
import { StreamError } from '../../core/errors.ts';
import { mintMessageId, mintRunId, type MessageId } from '../../core/ids.ts';
import type { ConversationEvent } from '../../conversation/event.ts';
import type { Message } from '../../conversation/message.ts';
import type { Conversation } from '../../conversation/reduce.ts';
import type { Run } from '../../conversation/run.ts';
import type { AppendResult, IndexChange } from '../../log/log.ts';
import { entryOf, placedEventOf } from '../entries.ts';
import type { Model } from '../model.ts';
import type { Claim } from '../run-lease.ts';
import type { CommandDeps } from './deps.ts';

/** What an answer, or several side by side, took in the log. */
export interface StartedAnswers {
  /** The message that they answer. */
  readonly message: { readonly id: MessageId };
  /** The first of the answers, which becomes the leaf. */
  readonly answer: { readonly id: MessageId };
  /** Its run as it was when it was taken: `queued`. */
  readonly run: Run;
  /** All runs, one for each model that was asked. */
  readonly runs: readonly Run[];
  /** The first and the last offset that this took; what the answers add comes behind. */
  readonly first: number;
  readonly offset: number;
}

export interface AnswersPlan {
  readonly conversation: Conversation;
  /** What is written before them. */
  readonly events: readonly ConversationEvent[];
  readonly parent: MessageId;
  readonly models: readonly Model[];
  readonly key: string | undefined;
  readonly index: IndexChange;
}

/** Before anything is stopped for them. Errors: `too-many-runs`. */
export function checkRoom({ runs, limits }: CommandDeps, { length }: readonly Model[]): void {
  if (runs.live + length <= limits.maxRuns) return;
  throw new StreamError(
    'too-many-runs',
    `Expected at most ${limits.maxRuns} answers to be written at once, and there are ${runs.live}. Wait for one, or stop it.`,
  );
}

export async function startAnswers(deps: CommandDeps, plan: AnswersPlan): Promise<AppendResult> {
  const { log, runs } = deps;
  const { conversation, models, key, index } = plan;
  const answers = models.map((model) => answerOf(deps, { conversation, parent: plan.parent, model }));
  const events = [...plan.events, ...answers.flatMap(({ events: added }) => added)];
  const [first, ...others] = answers;
  if (first !== undefined && others.length > 0) events.push({ type: 'conversation', leaf: first.message });
  const claims: Claim[] = [];
  try {
    // Claimed first: were it written first, a crash before the claim would leave it to nobody. And written
    // only while it is claimed: who found the claim without its run has dropped it.
    for (const { run } of answers) claims.push(await runs.claim(run));
    const lease = claims[0]?.lease;
    const result = await log.append(conversation.id, events.map(entryOf), { key, index, lease });
    for (const claim of claims) {
      if (result.replayed) await runs.withdraw(claim);
      else runs.start(claim);
    }
    return result;
  } catch (error) {
    // Whether it was written is not known: the claims stay to be found, by a repeat or a start.
    for (const claim of claims) await runs.abandon(claim);
    throw error;
  }
}

interface PlannedAnswer {
  readonly conversation: Conversation;
  readonly parent: MessageId;
  readonly model: Model;
}

function answerOf({ clock, random }: CommandDeps, { conversation, parent, model }: PlannedAnswer) {
  const answer: Message = {
    id: mintMessageId(random),
    parent,
    role: 'assistant',
    status: 'queued',
    parts: [],
    createdAtMs: clock.now(),
    model: model.id,
  };
  const run = mintRunId(random, conversation.id);
  const events: ConversationEvent[] = [
    { type: 'message', message: answer },
    { type: 'run', id: run, message: answer.id, status: 'queued', model: model.id, attempt: 1 },
  ];
  return { message: answer.id, run, events };
}

/** What an append wrote, read back: the same for the first time and for every repeat. */
export async function readAppended(
  { log }: CommandDeps,
  conversation: Conversation,
  { first, last }: AppendResult,
): Promise<readonly ConversationEvent[]> {
  const events: ConversationEvent[] = [];
  // In several steps where it holds files: a step of the log has its bound.
  for (let after = first - 1; after < last;) {
    const entries = await log.read(conversation.id, { after, limit: last - after });
    after = entries.at(-1)?.offset ?? last;
    for (const entry of entries) events.push(placedEventOf(entry).event);
  }
  return events;
}

/** The answers that the events of an append began; undefined where it began none. */
export function startedIn(
  events: readonly ConversationEvent[],
  { first, last }: AppendResult,
): StartedAnswers | undefined {
  const runs = events.flatMap((event) => (event.type === 'run' ? [withoutType(event)] : []));
  const [run] = runs;
  const answer = events.find((event) => event.type === 'message' && event.message.id === run?.message);
  if (run === undefined || answer?.type !== 'message' || answer.message.parent === null) return undefined;
  return {
    message: { id: answer.message.parent },
    answer: { id: answer.message.id },
    run,
    runs,
    first,
    offset: last,
  };
}

function withoutType({ type: _name, ...run }: Extract<ConversationEvent, { type: 'run' }>): Run {
  return run;
}
