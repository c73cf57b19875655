// One attempt by a model to write one message.
import type { MessageId, RunId } from '../core/ids.ts';

/** Where a run stands. The last four are final. */
export type RunStatus = 'queued' | 'running' | 'done' | 'stopped' | 'failed' | 'interrupted';

export const runStatuses: readonly RunStatus[] = ['queued', 'running', 'done', 'stopped', 'failed', 'interrupted'];

/** Why a run failed, in words that a person can act on. */
export interface RunError {
  /** Stable name, such as `model-failed`. */
  readonly code: string;
  readonly message: string;
}

/**
 * Why a model ended its answer. `length`: it ran into a limit. `step-limit`: it went on calling tools.
 * `other`: its provider gave another reason.
 */
export type FinishReason = 'stop' | 'length' | 'content-filter' | 'step-limit' | 'other';

/** What an answer took, over all attempts and steps, in tokens. */
export interface Usage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  /** Of the output's, those that were thought and not said. */
  readonly reasoningTokens?: number | undefined;
  /** Of the input's, those that the provider had in its cache. */
  readonly cachedInputTokens?: number | undefined;
  /** Whether some of it was estimated from the text, for the provider did not say. */
  readonly isEstimated?: boolean | undefined;
}

/** Where an answer that was cut goes on: what stands before it comes from an earlier attempt. */
export interface Seam {
  /** Index of the part. */
  readonly part: number;
  /** The place in its text, in UTF-16 code units. */
  readonly at: number;
  /** The attempt that begins here. */
  readonly attempt: number;
}

export interface Run {
  readonly id: RunId;
  /** The answer that it writes. */
  readonly message: MessageId;
  readonly status: RunStatus;
  readonly model: string;
  /** 1 for the first; each takeover after a crash adds one. */
  readonly attempt: number;
  /** What a person asked for who stopped it, until it has ended. */
  readonly stop?: StopRequest | undefined;
  /** Of a run that is `done`. */
  readonly finishReason?: FinishReason | undefined;
  readonly usage?: Usage | undefined;
  /** What `usage` costs, in US dollars, where the model's price is known. */
  readonly costUsd?: number | undefined;
  /** From asking the model to its first piece, in ms. */
  readonly firstTokenMs?: number | undefined;
  /** From the first piece to the last: tokens of output a second, counted as in `usage`. */
  readonly tokensPerS?: number | undefined;
  /** In the order of the attempts. */
  readonly seams?: readonly Seam[] | undefined;
  /** Whether the model has ended a step in which it calls tools, whose results are not all there yet. */
  readonly isCalling?: boolean | undefined;
  /** What the provider calls an answer that it writes in the background, by which it is found again. */
  readonly providerRun?: string | undefined;
  /** Of a run that has `failed`. */
  readonly error?: RunError | undefined;
}

export interface StopRequest {
  /** The offset that the person had seen: what came behind it is taken out of the answer. Absent: all stays. */
  readonly seen?: number | undefined;
}

export function hasEnded(status: RunStatus): boolean {
  return status !== 'queued' && status !== 'running';
}
