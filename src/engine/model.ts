// The Model port: what the engine asks of a language model.
import type { Part, ToolCallPart } from '../conversation/message.ts';
import type { FinishReason, Usage } from '../conversation/run.ts';
import type { ModelSettings } from '../conversation/settings.ts';

/** What a model is given to answer. */
export interface ModelRequest {
  /** What the model is told before the first message; "" for nothing. */
  readonly system: string;
  /**
   * The conversation, oldest first. Ends with a person's message or, where tools were called, with the
   * answer so far, whose last part is then a tool's result: what the model yields follows that.
   */
  readonly messages: readonly ModelMessage[];
  /**
   * Text of the part that is being written, where an answer was cut. Only given to a model that
   * continues a prefix; what it yields goes on right behind it.
   */
  readonly prefix: string;
  readonly settings: ModelSettings;
  /** What the model may call. */
  readonly tools: readonly ToolInfo[];
  /** An answer that its provider writes in the background, to take up again. Only given to a model that gave it. */
  readonly reattach?: Reattach | undefined;
  /** Aborts when nobody wants the answer any more; the model's own request is then aborted. */
  readonly signal: AbortSignal;
}

export interface Reattach {
  /** The `id` of a part `started`. */
  readonly id: string;
  /** The last `mark` that was written; undefined where there was none: then from the beginning. */
  readonly mark: string | undefined;
}

export interface ModelMessage {
  readonly role: 'user' | 'assistant';
  readonly parts: readonly Part[];
}

/** A tool as a model is told of it. */
export interface ToolInfo {
  /** 1 to 64 letters, digits, `_` and `-`. */
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments, an object's. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

/** Text or reasoning. A new part of the message begins where the type or `id` is another than before. */
interface TextSaid {
  readonly type: 'text' | 'reasoning';
  readonly text: string;
  readonly id?: string | undefined;
}

/** The reasoning has ended. */
interface ReasoningEnded {
  readonly type: 'reasoning-end';
  /** What the provider wants to be given back with it. */
  readonly providerData: unknown;
}

/** Arguments of a call, as they come. */
interface CallDelta {
  readonly type: 'tool-call-delta';
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

/** A part that comes whole: a source, a file, data, the result of a tool that the provider ran. */
interface PartSaid {
  readonly type: 'part';
  readonly part: Part;
}

/** The provider writes the answer in the background, under this name. */
interface Started {
  readonly type: 'started';
  readonly id: string;
}

/** The end: why the answer ends, and what it took where the provider says so. `tool-calls`: it waits for tools. */
interface Finished {
  readonly type: 'finish';
  readonly reason: FinishReason | 'tool-calls';
  readonly usage?: Usage | undefined;
}

/**
 * A piece of what a model says. A `ToolCallPart` is a call with its whole arguments, whether or not they
 * came in deltas. `mark`: where the provider's stream can be taken up behind the piece.
 */
export type ModelPart =
  | Started
  | Finished
  | ((TextSaid | ReasoningEnded | CallDelta | ToolCallPart | PartSaid) & { readonly mark?: string | undefined });

/** What becomes of an answer that was cut: it goes on where it is, is written anew, or ends as it is. */
export type TakeoverPolicy = 'continue' | 'restart' | 'interrupt';

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
  /** Whether its provider writes in the background and can be asked for the rest. Default: no. */
  readonly reattaches?: boolean | undefined;
  /** Whether it takes images. Undefined: not known. */
  readonly takesImages?: boolean | undefined;
  /** Whether it calls tools. Undefined: not known. */
  readonly callsTools?: boolean | undefined;
  /** Whether it thinks before it answers. Undefined: not known. */
  readonly reasons?: boolean | undefined;
  /** Default: `continue` where it can, else `restart`. */
  readonly takeover?: TakeoverPolicy | undefined;
  /** In US dollars for a million tokens. Undefined: not known. */
  readonly price?: { readonly inputUsd: number; readonly outputUsd: number } | undefined;
}

export interface Model extends ModelInfo {
  /**
   * The answer, in parts as they are generated. Pulled: a slow reader slows the model. Errors:
   * `model-failed` with the provider's reason, without secrets; its `details` may have `isTransient`
   * (asked again it may work), `retryAfterMs` and `status`. What else it throws is told to the operator
   * alone, for it might hold a secret: the run then fails with `internal-error`.
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
