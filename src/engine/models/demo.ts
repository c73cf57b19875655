// Models that need no key and are no language models: each answer is a fixed function of the
// conversation, so that anyone can check, to the character, that nothing is lost.
import { systemClock, type Clock } from '../../core/clock.ts';
import type { Model, ModelRequest } from '../model.ts';
import { tourText } from './tour.ts';

/** The built-in models. `clock` paces them. */
export function createDemoModels(deps: { clock?: Clock } = {}): Model[] {
  const { clock = systemClock } = deps;
  return [
    demoModel({ id: 'demo/tour', name: 'Tour', intervalMs: 25, clock, pieces: () => wordsOf(tourText) }),
    demoModel({
      id: 'demo/echo',
      name: 'Echo',
      intervalMs: 25,
      clock,
      pieces: (request) => wordsOf(request.messages.at(-1)?.text ?? ''),
    }),
    demoModel({ id: 'demo/count', name: 'Count', intervalMs: 1_000, clock, pieces: count }),
  ];
}

interface DemoOptions {
  readonly id: string;
  readonly name: string;
  /** Time between two pieces. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly pieces: (request: ModelRequest) => Iterable<string>;
}

function demoModel({ id, name, intervalMs, clock, pieces }: DemoOptions): Model {
  return {
    id,
    name,
    demo: true,
    continuesPrefix: true,
    async *stream(request) {
      const { prefix, signal } = request;
      let length = 0;
      let dueMs = clock.now();
      for (const piece of pieces(request)) {
        length += piece.length;
        if (length <= prefix.length) continue;
        // By the schedule and not by the last piece, so that the pace holds when a timer is late.
        // Only a little is made up for, lest a process that slept pours everything out at once.
        dueMs = Math.max(dueMs + intervalMs, clock.now() - intervalMs);
        await clock.sleep(Math.max(0, dueMs - clock.now()), { signal });
        // A cut may have fallen into a piece: only what is missing of it is given.
        const text = piece.slice(Math.max(0, piece.length - (length - prefix.length)));
        yield { type: 'text', text };
      }
      yield { type: 'finish', reason: 'stop' };
    },
  };
}

/** Each word with the white space before it. */
function wordsOf(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function* count(): Generator<string> {
  for (let n = 1; ; n += 1) yield `Count: [${n}]\n\n`;
}
