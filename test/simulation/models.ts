// Models on the simulated clock. Each says what anyone can check: word 0, word 1 … of an answer that
// its question decides, each with the number of the call that said it. So it shows in an answer what
// is missing, what is there twice, and who wrote what.
import { abortable } from '../../src/core/abort.ts';
import { StreamError } from '../../src/core/errors.ts';
import { textOf } from '../../src/conversation/message.ts';
import type { Model, ModelCatalogue, ModelPart, ModelRequest } from '../../src/engine/model.ts';
import type { Tool } from '../../src/engine/tool.ts';
import type { Lane } from './clock.ts';

/** What a world's models have in common. */
export interface ModelCalls {
  /** Number of the last call. */
  last: number;
  readonly note: (line: string) => void;
  readonly blame: (problem: string) => void;
}

interface Behaviour {
  readonly continuesPrefix?: boolean;
  readonly takeover?: 'continue' | 'restart' | 'interrupt';
  /** After so many words of a call something else happens. */
  readonly turnsAfter?: number;
  readonly turn?: 'fail' | 'stumble' | 'hang' | 'call';
  readonly reasons?: boolean;
  readonly wordMs: number;
}

const behaviours: Readonly<Record<string, Behaviour>> = {
  'sim/go-on': { continuesPrefix: true, wordMs: 400 },
  'sim/quick': { continuesPrefix: true, wordMs: 7 },
  'sim/anew': { wordMs: 500 },
  'sim/give-up': { wordMs: 500, takeover: 'interrupt' },
  'sim/fails-first': { wordMs: 100, turnsAfter: 0, turn: 'fail' },
  'sim/fails-later': { wordMs: 100, turnsAfter: 3, turn: 'fail' },
  'sim/stumbles': { wordMs: 100, turnsAfter: 0, turn: 'stumble' },
  'sim/calls': { continuesPrefix: true, wordMs: 300, turnsAfter: 3, turn: 'call' },
  'sim/calls-anew': { wordMs: 300, turnsAfter: 3, turn: 'call' },
  'sim/reasons': { wordMs: 300, reasons: true },
  'sim/hangs': { continuesPrefix: true, wordMs: 100, turnsAfter: 4, turn: 'hang' },
};

export const modelNames: readonly string[] = Object.keys(behaviours);

/** Whether only a stop ends what it says. */
export function hangs(model: string): boolean {
  return behaviours[model]?.turn === 'hang';
}

/** How many words the answer to a question has. */
export function wordCountOf(question: string): number {
  return 3 + (hash(question) % 20);
}

/** Word `index` of the answer to the question, without the mark of its call. */
export function wordOf(question: string, index: number): string {
  return `${(hash(question) % 1_000).toString(36)}.${index}`;
}

function hash(text: string): number {
  let sum = 7;
  for (const unit of text) sum = (sum * 31 + (unit.codePointAt(0) ?? 0)) >>> 0;
  return sum;
}

export function createModels(deps: { clock: Lane; calls: ModelCalls; life: string }): ModelCatalogue {
  const models = Object.entries(behaviours).map(([id, behaviour]) => createModel(id, behaviour, deps));
  return { list: () => models, find: (id) => models.find((model) => model.id === id) };
}

function createModel(
  id: string,
  behaviour: Behaviour,
  { clock, calls, life }: { clock: Lane; calls: ModelCalls; life: string },
): Model {
  const { continuesPrefix = false, wordMs, turnsAfter = Infinity, turn, reasons = false } = behaviour;
  let tries = 0;

  /** What happens where it does not just go on. */
  async function* turned(call: number, signal: AbortSignal): AsyncGenerator<ModelPart> {
    if (turn === 'fail') throw new StreamError('model-failed', 'It was to fail.');
    if (turn === 'hang') await abortable(signal, () => () => undefined);
    if (turn === 'call') {
      yield { type: 'tool-call', id: `call-${call}`, name: 'look', text: '{}' };
      yield { type: 'finish', reason: 'tool-calls' };
    }
  }

  return {
    id,
    name: id,
    demo: id !== 'sim/quick',
    continuesPrefix,
    ...(behaviour.takeover === undefined ? {} : { takeover: behaviour.takeover }),
    async *stream(request: ModelRequest): AsyncGenerator<ModelPart> {
      const { prefix, signal } = request;
      const call = (calls.last += 1);
      const question = questionOf(request);
      calls.note(`model ${id} call ${call} by ${life} "${question.slice(0, 40)}" behind "${prefix.slice(-20)}"`);
      if (prefix !== '' && (!continuesPrefix || !prefix.endsWith(' '))) {
        calls.blame(`${id} is asked to go on behind what it did not say: "${prefix.slice(-20)}"`);
      }
      if (turn === 'stumble' && (tries += 1) % 2 === 1) {
        throw new StreamError('model-failed', 'It stumbles.', { details: { isTransient: true } });
      }
      if (reasons) yield { type: 'reasoning', text: `hm#${call} ` };
      const { said, hasCalled } = saidBefore(request);
      const total = wordCountOf(question);
      for (let index = said; index < total; index += 1) {
        await clock.sleep(wordMs, { signal });
        if (index - said >= turnsAfter && !hasCalled && turn !== 'stumble') {
          yield* turned(call, signal);
          return;
        }
        yield { type: 'text', text: `${wordOf(question, index)}#${call} ` };
      }
      if (turn === 'fail' || turn === 'hang') yield* turned(call, signal);
      yield { type: 'finish', reason: 'stop' };
    },
  };
}

/** A tool that takes a moment. */
export function createTools(clock: Lane): Tool[] {
  return [
    {
      name: 'look',
      description: 'Looks.',
      inputSchema: { type: 'object' },
      async execute(_input, { call, signal }) {
        await clock.sleep(700, { signal });
        return { call };
      },
    },
  ];
}

/** How many words of the answer are there, and whether a tool was called in it. */
function saidBefore({ messages, prefix }: ModelRequest): { said: number; hasCalled: boolean } {
  const last = messages.at(-1);
  const parts = last?.role === 'assistant' ? last.parts : [];
  const said = `${textOf({ parts })}${prefix}`.split(' ').length - 1;
  return { said, hasCalled: parts.some(({ type }) => type === 'tool-result') };
}

/** What a person asked last. */
function questionOf({ messages }: ModelRequest): string {
  const last = messages.findLast(({ role }) => role === 'user');
  return last === undefined ? '' : textOf(last);
}
