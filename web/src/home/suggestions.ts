// First messages that show what Verbatim does.
import type { Models } from '../use-models.ts';

export interface Suggestion {
  readonly text: string;
  readonly about: string;
  readonly model: string;
}

const demos: readonly Suggestion[] = [
  {
    text: 'Give me the tour',
    about: 'An answer with everything the page can show',
    model: 'demo/tour',
  },
  {
    text: 'Count until I stop you',
    about: 'Refresh, open a second tab, then press stop',
    model: 'demo/count',
  },
  {
    text: 'How many words are in this message?',
    about: 'It thinks, calls a tool and names a source',
    model: 'demo/tools',
  },
  {
    text: 'Echo žluťoučký kůň, Ελληνικά and שלום',
    about: 'Any alphabet, to the last character',
    model: 'demo/echo',
  },
];

/** Those that the server has a model for; a real model comes first. */
export function suggestionsFor({ list, preferred }: Models): Suggestion[] {
  const real = list.find((model) => model.id === preferred && !model.demo) ?? list.find((model) => !model.demo);
  const first = real && {
    text: 'Explain Server-Sent Events in three sentences, with a short example',
    about: `Answered by ${real.name}`,
    model: real.id,
  };
  return [...(first === undefined ? [] : [first]), ...demos.filter(({ model }) => list.some(({ id }) => id === model))];
}
