// A conversation's title: by rule from its first message, and better by its model when that has answered.
import { isStreamError } from '../core/errors.ts';
import { conversationOfRun, type ConversationId } from '../core/ids.ts';
import type { TaskGroup } from '../core/task-group.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { textOf } from '../conversation/message.ts';
import type { Run } from '../conversation/run.ts';
import { pathTo } from '../conversation/tree.ts';
import type { Log } from '../log/log.ts';
import type { Conversations } from './conversations.ts';
import { entryOf } from './entries.ts';
import { generate, type GenerateDeps } from './generate.ts';
import type { Model, ModelCatalogue } from './model.ts';

/** A title by rule: the message's first line, cut at a word. */
export function titleFrom(text: string): string {
  const line = text.trim().split('\n', 1)[0]?.replaceAll('\0', '').replaceAll(/\s+/g, ' ').toWellFormed() ?? '';
  return shorten(line, 60);
}

function shorten(line: string, maxLength: number): string {
  if (line.length <= maxLength) return line;
  // Not between the two halves of a character.
  const cut = line.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
  const space = cut.lastIndexOf(' ');
  return `${(space > maxLength / 3 ? cut.slice(0, space) : cut).trimEnd()}…`;
}

export interface TitleDeps extends GenerateDeps {
  readonly log: Log;
  readonly models: ModelCatalogue;
  readonly conversations: Conversations;
  readonly owner: string;
  readonly tasks: TaskGroup;
  readonly telemetry: Telemetry;
}

const maxGivenLength = 2_000; // Chosen: what a conversation is about shows in its beginning, in UTF-16 code units.
const maxTitleLength = 80;
const maxTries = 10; // Chosen: so often something else may come to the conversation first.
const system =
  'You name conversations. Answer with a title for the conversation that you are given: at most six words, in its language, ' +
  'in plain text without quotes, without a full stop at the end. Answer with the title alone.';

export interface Titling {
  /** Asks the model that answered first for a title, in the background, where the title is still that by rule. */
  improve(run: Run): void;
}

export function createTitling(deps: TitleDeps): Titling {
  const { log, models, conversations, owner, tasks, telemetry } = deps;
  /** Those for which a model is asked: several that answer side by side are not each asked for a title. */
  const asking = new Set<ConversationId>();

  return {
    improve(run) {
      const id = conversationOfRun(run.id);
      const model = models.find(run.model);
      // The demo models are no language models: what they would say is no title.
      if (model === undefined || model.demo || run.status !== 'done' || asking.has(id)) return;
      asking.add(id);
      tasks.start(async (signal) => {
        try {
          await improve(id, { run, model, signal });
        } catch (error) {
          // A title by rule is a title too.
          if (!signal.aborted) telemetry({ type: 'background-failed', task: `title of ${id}`, error });
        } finally {
          asking.delete(id);
        }
      });
    },
  };

  async function improve(id: ConversationId, { run, model, signal }: Asked): Promise<void> {
    const { messages, title: byRule } = await conversations.load(id);
    const path = pathTo(messages, run.message);
    const [question, answer] = path;
    if (path.length !== 2 || question === undefined || answer === undefined) return;
    if (byRule !== titleFrom(textOf(question))) return;
    const title = await ask(model, { question: textOf(question), answer: textOf(answer), signal });
    const entries = [entryOf({ type: 'conversation', title })];
    for (let tries = title === '' ? maxTries : 0; tries < maxTries; tries += 1) {
      const current = await conversations.load(id);
      // Whoever named it meanwhile, or deleted it, knows better.
      if (current.title !== byRule || current.deletedAtMs !== null) return;
      try {
        const options = { key: 'title', expectedOffset: current.offset, index: { owner, title } };
        await log.append(id, entries, options);
        return;
      } catch (error) {
        if (!isStreamError(error, 'offset-conflict')) throw error; // Something came meanwhile: looked at again.
      }
    }
  }

  async function ask(model: Model, { question, answer, signal }: Exchange): Promise<string> {
    const text = `${question.slice(0, maxGivenLength)}\n\n---\n\n${answer.slice(0, maxGivenLength)}`;
    const request = {
      system,
      messages: [{ role: 'user', parts: [{ type: 'text', text }] }] as const,
      prefix: '',
      settings: { maxOutputTokens: 500, reasoning: 'none' } as const,
      tools: [],
      signal,
    };
    let said = '';
    await generate(model, request, deps, (part) => {
      // Beyond that it is no title.
      if (part.type === 'text' && said.length < 10 * maxTitleLength) said += part.text;
      return undefined;
    });
    return titleSaid(said);
  }
}

interface Asked {
  readonly run: Run;
  readonly model: Model;
  readonly signal: AbortSignal;
}

interface Exchange {
  readonly question: string;
  readonly answer: string;
  readonly signal: AbortSignal;
}

function titleSaid(said: string): string {
  const line = said.trim().split('\n', 1)[0] ?? '';
  const plain = line
    .replaceAll('\0', '')
    .replaceAll(/\s+/g, ' ')
    .replace(/^["“'*#\s]+|["”'*.\s]+$/g, '');
  return shorten(plain.toWellFormed(), maxTitleLength);
}
