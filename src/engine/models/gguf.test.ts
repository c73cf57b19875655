// Against a stand-in of node-llama-cpp 3.21, which behaves as the real one was seen to: it gives the
// prefix as generated, waits for nobody, and rejects with the signal's reason.
import { expect, it } from 'vitest';
import { collect, requestOf, said } from '../../../test/support/provider.ts';
import { createGgufModel, type LlamaModule } from './gguf.ts';

type Session = InstanceType<LlamaModule['LlamaChatSession']>;
type PromptOptions = Parameters<Session['promptWithMeta']>[1];

interface Prompted {
  readonly history: unknown;
  readonly question: string;
  readonly options: PromptOptions;
  readonly resolve: (stopReason: string) => void;
}

function standIn() {
  const prompted: Prompted[] = [];
  const opened: string[] = [];
  const waiting: Array<(prompt: Prompted) => void> = [];
  let isBusy = false;
  let isBroken = false;
  let usedOutputTokens = 0;
  const module: LlamaModule = {
    getLlama: () =>
      Promise.resolve({
        loadModel({ modelPath }) {
          opened.push(modelPath);
          if (isBroken) return Promise.reject(new Error('no such file'));
          const tokenMeter = { getState: () => ({ usedInputTokens: 2 * usedOutputTokens, usedOutputTokens }) };
          return Promise.resolve({ createContext: () => Promise.resolve({ getSequence: () => ({ tokenMeter }) }) });
        },
      }),
    LlamaChatSession: class {
      #history: unknown;
      setChatHistory(history: unknown): void {
        this.#history = history;
      }
      async promptWithMeta(question: string, options: PromptOptions): Promise<{ stopReason: string }> {
        expect(isBusy).toBe(false);
        isBusy = true;
        try {
          return await new Promise((resolve, reject) => {
            options.signal.addEventListener('abort', () => reject(options.signal.reason), { once: true });
            const done = (stopReason: string): void => {
              usedOutputTokens += 3;
              resolve({ stopReason });
            };
            const prompt = { history: this.#history, question, options, resolve: done };
            prompted.push(prompt);
            waiting.shift()?.(prompt);
          });
        } finally {
          isBusy = false;
        }
      }
      dispose(): void {}
    },
  };
  return {
    opened,
    prompted,
    load: () => Promise.resolve(module),
    /** The next prompt, when it comes. */
    next: () => new Promise<Prompted>((resolve) => waiting.push(resolve)),
    breaks(broken: boolean): void {
      isBroken = broken;
    },
  };
}

it('gives thoughts and text, with the history and the settings that it was asked with', async () => {
  const llama = standIn();
  const model = createGgufModel({ path: '/models/tiny.gguf', load: llama.load });
  expect(model).toMatchObject({ id: 'gguf/tiny', name: 'tiny', demo: false, continuesPrefix: true });
  const coming = llama.next();
  const messages = [
    { role: 'user' as const, parts: [{ type: 'text' as const, text: 'One' }] },
    { role: 'assistant' as const, parts: [{ type: 'text' as const, text: 'Two' }] },
    { role: 'user' as const, parts: [{ type: 'text' as const, text: 'Three' }] },
  ];
  const settings = { temperature: 0.5, topP: 0.9, seed: 7, maxOutputTokens: 9, reasoning: 'none' } as const;
  const reading = collect(model.stream(requestOf({ system: 'Be brief.', messages, settings })));
  const { history, question, options, resolve } = await coming;
  options.onResponseChunk({ type: 'segment', text: 'Hm.' });
  options.onResponseChunk({ type: undefined, text: 'Four' });
  options.onResponseChunk({ type: undefined, text: '' });
  resolve('maxTokens');
  expect((await reading).parts).toEqual([
    { type: 'reasoning', text: 'Hm.' },
    { type: 'text', text: 'Four' },
    { type: 'finish', reason: 'length', usage: { inputTokens: 6, outputTokens: 3 } },
  ]);
  expect(history).toEqual([
    { type: 'system', text: 'Be brief.' },
    { type: 'user', text: 'One' },
    { type: 'model', response: ['Two'] },
  ]);
  expect(question).toBe('Three');
  expect(options).toMatchObject({ temperature: 0.5, topP: 0.9, seed: 7, maxTokens: 9, budgets: { thoughtTokens: 0 } });
});

it('goes on behind a prefix, which it does not give again', async () => {
  const llama = standIn();
  const coming = llama.next();
  const reading = collect(
    createGgufModel({ path: 'tiny.gguf', load: llama.load }).stream(requestOf({ prefix: 'Good mo' })),
  );
  const { options, resolve } = await coming;
  expect(options.responsePrefix).toBe('Good mo');
  for (const text of ['Good', ' morn', 'ing']) options.onResponseChunk({ type: undefined, text });
  resolve('eogToken');
  expect(said((await reading).parts)).toBe('rning');
});

it('writes one answer after another, also where one is stopped or left, and loads the file once', async () => {
  const llama = standIn();
  const model = createGgufModel({ path: 'tiny.gguf', load: llama.load });
  const stop = new AbortController();
  const first = llama.next();
  const stopped = collect(model.stream(requestOf({ signal: stop.signal })));
  const second = llama.next();
  const left = (async () => {
    for await (const part of model.stream(requestOf())) return part;
    return undefined;
  })();
  const third = llama.next();
  const whole = collect(model.stream(requestOf()));
  await first;
  expect(llama.prompted).toHaveLength(1);
  stop.abort(new Error('stopped'));
  expect((await stopped).error).toEqual(new Error('stopped'));
  (await second).options.onResponseChunk({ type: undefined, text: 'x' });
  expect(await left).toEqual({ type: 'text', text: 'x' });
  (await third).resolve('eogToken');
  expect((await whole).parts).toHaveLength(1);
  expect(llama.opened).toEqual(['tiny.gguf']);
});

it('says what is wrong with the file, and looks again with the next answer', async () => {
  const llama = standIn();
  const model = createGgufModel({ path: 'tiny.gguf', load: llama.load });
  llama.breaks(true);
  expect((await collect(model.stream(requestOf()))).error).toMatchObject({
    code: 'model-failed',
    message: 'gguf/tiny failed: no such file',
    details: { isTransient: false },
  });
  llama.breaks(false);
  const coming = llama.next();
  const reading = collect(model.stream(requestOf()));
  (await coming).resolve('eogToken');
  expect((await reading).error).toBeUndefined();
});

it('says how to install the package where it is not there', async () => {
  const { error } = await collect(createGgufModel({ path: 'tiny.gguf' }).stream(requestOf()));
  expect(error).toMatchObject({
    code: 'model-failed',
    message: expect.stringContaining('npm install node-llama-cpp'),
  });
});
