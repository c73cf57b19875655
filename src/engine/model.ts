// The Model port: what the engine asks of a language model.
import type { FinishReason, Usage } from '../conversation/run.ts';

/** What a model is given to answer. */
export interface ModelRequest {
  /** The conversation up to the answer, oldest first, ending with a person's message. */
  readonly messages: readonly ModelMessage[];
  /**
   * Text of the answer that is written already. Only given to a model that continues a prefix;
   * what it yields goes on right behind it.
   */
  readonly prefix: string;
  /** Aborts when nobody wants the answer any more; the model's own request is then aborted. */
  readonly signal: AbortSignal;
}

export interface ModelMessage {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** A piece of what a model says. More kinds will come. */
export type ModelPart =
  | { readonly type: 'text'; readonly text: string }
  /** The last part: why the answer ends, and what it took where the provider says so. */
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly usage?: Usage | undefined };

/** What a model can do, and how it is called. */
export interface ModelInfo {
  /** `provider/name`: `demo/tour`, `ollama/llama3.2`. */
  readonly id: string;
  /** How people call it. */
  readonly name: string;
  /** One of the built-in models that are not language models at all. */
  readonly demo: boolean;
  /** Whether a cut answer can be continued behind the text that is there. */
  readonly continuesPrefix: boolean;
}

export interface Model extends ModelInfo {
  /**
   * The answer, in parts as they are generated. Pulled: a slow reader slows the model.
   * Errors: `model-failed` with the provider's reason, without secrets.
   */
  stream(request: ModelRequest): AsyncIterable<ModelPart>;
}

/** The models of one server. */
export interface ModelCatalogue {
  /** Those that are known, for a person to choose from. */
  list(): readonly ModelInfo[];
  /** The model of that id, also one that its provider was not seen to list; undefined where there is none. */
  find(id: string): Model | undefined;
}
