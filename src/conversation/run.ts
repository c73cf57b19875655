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

/** Why a model ended its answer. `length`: it ran into a limit. `other`: its provider gave another reason. */
export type FinishReason = 'stop' | 'length' | 'content-filter' | 'other';

/** What an answer took, as the provider counted it, in tokens. */
export interface Usage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
}

export interface Run {
  readonly id: RunId;
  /** The answer that it writes. */
  readonly message: MessageId;
  readonly status: RunStatus;
  readonly model: string;
  /** 1 for the first; each takeover after a crash adds one. */
  readonly attempt: number;
  /** Of a run that is `done`. */
  readonly finishReason?: FinishReason | undefined;
  readonly usage?: Usage | undefined;
  /** Of a run that has `failed`. */
  readonly error?: RunError | undefined;
}

export function hasEnded(status: RunStatus): boolean {
  return status !== 'queued' && status !== 'running';
}
