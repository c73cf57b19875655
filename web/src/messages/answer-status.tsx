// How an answer stands, in words; nothing for one that is whole.
import type { Run, RunStatus } from 'verbatim/client';

interface AnswerStatusProps {
  readonly status: RunStatus;
  readonly run: Run | undefined;
  /** Whether there is nothing of it yet. */
  readonly empty: boolean;
}

export function AnswerStatus({ status, run, empty }: AnswerStatusProps) {
  switch (status) {
    case 'queued':
      return <p className="status">Waiting for the answer before…</p>;
    case 'running':
      if (run?.finishReason === 'step-limit') return <p className="status">Ended after too many calls of tools</p>;
      return empty ? <Dots /> : null;
    case 'stopped':
      return <p className="status">{empty ? 'Stopped before the first word' : 'Stopped'}</p>;
    case 'failed':
      return (
        <p className="status problem">
          <strong>The answer failed.</strong> {run?.error?.message ?? 'The model gave no reason.'}
        </p>
      );
    case 'interrupted':
      return (
        <p className="status problem">
          <strong>Interrupted:</strong> the server was restarted in mid-answer and this model cannot continue. What had
          arrived is kept.
        </p>
      );
    case 'done':
      return <Finish run={run} empty={empty} />;
  }
}

function Dots() {
  return (
    <p className="dots" aria-label="The model is thinking">
      <span />
      <span />
      <span />
    </p>
  );
}

function Finish({ run, empty }: { readonly run: Run | undefined; readonly empty: boolean }) {
  if (run?.finishReason === 'length') return <p className="status">Cut by the model’s limit of length</p>;
  if (run?.finishReason === 'content-filter') return <p className="status">Cut by the provider’s content filter</p>;
  if (run?.finishReason === 'step-limit') return <p className="status">Ended after too many calls of tools</p>;
  return empty ? <p className="status">The model answered with nothing</p> : null;
}
