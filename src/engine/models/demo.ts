// Models that need no key and are no language models: each answer is a fixed function of the
// conversation, so that anyone can check, to the character, that nothing is lost.
import { systemClock, type Clock } from '../../core/clock.ts';
import { textOf } from '../../conversation/message.ts';
import type { Model, ModelPart, ModelRequest } from '../model.ts';
import { toolsScript } from './demo-tools.ts';
import { tourText } from './tour.ts';
import { wordsOf } from './words.ts';

/** The built-in models. `clock` paces them. */
export function createDemoModels(deps: { clock?: Clock } = {}): Model[] {
  const { clock = systemClock } = deps;
  return [
    demoModel({ id: 'demo/tour', name: 'Tour', intervalMs: 25, clock, script: () => saying(wordsOf(tourText)) }),
    demoModel({
      id: 'demo/echo',
      name: 'Echo',
      intervalMs: 25,
      clock,
      script: (request) => saying(wordsOf(textOf(request.messages.at(-1) ?? { parts: [] }))),
    }),
    demoModel({ id: 'demo/count', name: 'Count', intervalMs: 1_000, clock, script: () => saying(count()) }),
    {
      ...demoModel({ id: 'demo/tools', name: 'Tools', intervalMs: 25, clock, script: toolsScript }),
      callsTools: true,
      reasons: true,
    },
  ];
}

interface DemoOptions {
  readonly id: string;
  readonly name: string;
  /** Time between two pieces. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** All its parts but the last; its text from the beginning. */
  readonly script: (request: ModelRequest) => Iterable<ModelPart>;
}

function demoModel({ id, name, intervalMs, clock, script }: DemoOptions): Model {
  return {
    id,
    name,
    demo: true,
    continuesPrefix: true,
    takesImages: false,
    callsTools: false,
    reasons: false,
    async *stream(request) {
      const { prefix, signal } = request;
      let length = 0;
      let dueMs = clock.now();
      for (const part of script(request)) {
        let given = part;
        if (part.type === 'text') {
          length += part.text.length;
          if (length <= prefix.length) continue;
          // A cut may have fallen into a piece: only what is missing of it is given.
          given = { ...part, text: part.text.slice(Math.max(0, part.text.length - (length - prefix.length))) };
        }
        // By the schedule and not by the last piece, so that the pace holds when a timer is late.
        // Only a little is made up for, lest a process that slept pours everything out at once.
        dueMs = Math.max(dueMs + intervalMs, clock.now() - intervalMs);
        await clock.sleep(Math.max(0, dueMs - clock.now()), { signal });
        yield given;
      }
      yield { type: 'finish', reason: 'stop' };
    },
  };
}

function* saying(pieces: Iterable<string>): Generator<ModelPart> {
  for (const text of pieces) yield { type: 'text', text };
}

function* count(): Generator<string> {
  for (let n = 1; ; n += 1) yield `Count: [${n}]\n\n`;
}
