// A language model in a file on this machine, run in this process by node-llama-cpp. That package is not
// among the dependencies, for it takes up to 725 MB: whoever wants it installs it.
import { messageOf } from '../../core/errors.ts';
import { textOf } from '../../conversation/message.ts';
import type { Model, ModelMessage, ModelPart, ModelRequest } from '../model.ts';
import { modelFailed } from './failure.ts';

export interface GgufOptions {
  /** Path of the .gguf file. */
  readonly path: string;
  /** Loads node-llama-cpp. Default: from where it is installed. */
  readonly load?: (() => Promise<LlamaModule>) | undefined;
}

/** What is used of node-llama-cpp 3. */
export interface LlamaModule {
  getLlama(options: { build: 'never'; skipDownload: boolean; logger: () => void }): Promise<{
    loadModel(options: { modelPath: string }): Promise<{
      createContext(): Promise<{ getSequence(): LlamaSequence }>;
    }>;
  }>;
  readonly LlamaChatSession: new (options: { contextSequence: LlamaSequence }) => LlamaSession;
}

interface LlamaSequence {
  /** What was evaluated and generated, from the beginning. */
  readonly tokenMeter: { getState(): { usedInputTokens: number; usedOutputTokens: number } };
}

interface LlamaSession {
  setChatHistory(history: HistoryItem[]): void;
  promptWithMeta(text: string, options: PromptOptions): Promise<{ stopReason: string }>;
  dispose(): void;
}

type HistoryItem = { type: 'system' | 'user'; text: string } | { type: 'model'; response: string[] };

interface PromptOptions {
  readonly signal: AbortSignal;
  readonly onResponseChunk: (chunk: { type: 'segment' | undefined; text: string }) => void;
  readonly responsePrefix?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly budgets?: { thoughtTokens: number };
}

interface Opened {
  readonly llama: LlamaModule;
  readonly sequence: LlamaSequence;
}

/** The model in the file, which is loaded with the first answer and kept. Answers are written one after another. */
export function createGgufModel({ path, load = loadLlama }: GgufOptions): Model {
  const name = (path.split(/[/\\]/).at(-1) ?? path).replace(/\.gguf$/i, '');
  let opening: Promise<Opened> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function open(): Promise<Opened> {
    const llama = await load();
    // Nothing is compiled or fetched because somebody asks a question, and nothing written to the console.
    const engine = await llama.getLlama({ build: 'never', skipDownload: true, logger: () => undefined });
    const model = await engine.loadModel({ modelPath: path });
    const context = await model.createContext();
    return { llama, sequence: context.getSequence() };
  }

  async function afterLast(before: Promise<unknown>): Promise<Opened> {
    await before;
    // What could not be opened may be there the next time.
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return await opening;
  }

  return {
    id: `gguf/${name}`,
    name,
    demo: false,
    continuesPrefix: true,
    takesImages: false,
    callsTools: false,
    async *stream(request) {
      const { signal } = request;
      const ended = Promise.withResolvers<void>();
      const turn = afterLast(last);
      last = Promise.allSettled([turn, ended.promise]);
      try {
        const opened = await turn;
        signal.throwIfAborted();
        yield* answer(request, opened);
      } catch (error) {
        signal.throwIfAborted();
        throw modelFailed(error, { name: `gguf/${name}` });
      } finally {
        ended.resolve();
      }
    },
  };
}

/** Its parts as they are generated. The library waits for no reader: what gathers is one answer, which its context bounds. */
function answer(request: ModelRequest, { llama, sequence }: Opened): ReadableStream<ModelPart> {
  const { history, question, prefix } = historyOf(request);
  // Left between two pieces, as where the answer is stopped, it is not generated to its end.
  const left = new AbortController();
  let generating: Promise<unknown> | undefined;
  let echoed = prefix.length; // The library gives the beginning that it was given as generated.

  async function generate(controller: ReadableStreamDefaultController<ModelPart>): Promise<void> {
    const before = sequence.tokenMeter.getState();
    const session = new llama.LlamaChatSession({ contextSequence: sequence });
    try {
      session.setChatHistory(history);
      const { stopReason } = await session.promptWithMeta(question, {
        ...optionsOf(request, prefix),
        signal: AbortSignal.any([request.signal, left.signal]),
        onResponseChunk(chunk) {
          const type = chunk.type === 'segment' ? 'reasoning' : 'text';
          const text = type === 'text' ? chunk.text.slice(echoed) : chunk.text;
          if (type === 'text') echoed -= chunk.text.length - text.length;
          if (text !== '' && !left.signal.aborted) controller.enqueue({ type, text });
        },
      });
      const after = sequence.tokenMeter.getState();
      controller.enqueue({
        type: 'finish',
        reason: stopReason === 'maxTokens' ? 'length' : 'stop',
        usage: {
          inputTokens: after.usedInputTokens - before.usedInputTokens,
          outputTokens: after.usedOutputTokens - before.usedOutputTokens,
        },
      });
      controller.close();
    } finally {
      session.dispose();
    }
  }

  return new ReadableStream<ModelPart>({
    start(controller) {
      generating = generate(controller).catch((error: unknown) => controller.error(error));
    },
    async cancel() {
      left.abort();
      await generating; // The next answer needs what this one is written by.
    },
  });
}

/** The library wants the last question apart, and the answer so far as the beginning of what it generates. */
function historyOf({ system, messages, prefix }: ModelRequest) {
  const last = messages.at(-1);
  const isOpen = last?.role === 'assistant';
  const told = isOpen ? messages.slice(0, -1) : messages;
  const history = told.slice(0, -1).map(itemOf);
  return {
    history: system === '' ? history : [{ type: 'system' as const, text: system }, ...history],
    question: textOf(told.at(-1) ?? { parts: [] }),
    prefix: (isOpen ? textOf(last) : '') + prefix,
  };
}

function itemOf(message: ModelMessage): HistoryItem {
  const text = textOf(message);
  return message.role === 'user' ? { type: 'user', text } : { type: 'model', response: [text] };
}

function optionsOf({ settings }: ModelRequest, prefix: string): Partial<PromptOptions> {
  const { temperature, topP, seed, maxOutputTokens, reasoning } = settings;
  return {
    ...(prefix === '' ? {} : { responsePrefix: prefix }),
    // Who goes on in the text has thought already.
    ...(prefix !== '' || reasoning === 'none' ? { budgets: { thoughtTokens: 0 } } : {}),
    ...(maxOutputTokens === undefined ? {} : { maxTokens: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(seed === undefined ? {} : { seed }),
  };
}

async function loadLlama(): Promise<LlamaModule> {
  const packageName: string = 'node-llama-cpp'; // Not a literal where it is imported: it need not be there.
  try {
    return (await import(packageName)) as LlamaModule; // The part of it that is written down above.
  } catch (error) {
    const message = `Expected the package ${packageName}, which runs GGUF files, got: ${messageOf(error)}. Install it with: npm install ${packageName}`;
    throw new Error(message, { cause: error });
  }
}
