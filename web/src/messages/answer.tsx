// An answer of a model, as it grows: who writes it, its parts, and how it stands.
import { memo } from 'react';
import { hasEnded, type Message, type Run } from 'verbatim/client';
import { AnswerStatus } from './answer-status.tsx';
import { ModelLabel } from './model-label.tsx';
import { Parts } from './parts/parts.tsx';

interface AnswerProps {
  readonly message: Message;
  /** The run that writes it, where it is known. */
  readonly run: Run | undefined;
  readonly modelName: string;
  readonly demo: boolean;
}

export const Answer = memo(function Answer({ message, run, modelName, demo }: AnswerProps) {
  const ended = hasEnded(message.status);
  return (
    <article
      className="message answer"
      data-role="assistant"
      data-status={message.status}
      data-message-id={message.id}
      aria-label={`Answer of ${modelName}`}
      aria-busy={!ended}
    >
      <header className="answer-header">
        <ModelLabel name={modelName} demo={demo} />
        {run !== undefined && run.attempt > 1 && <span className="seam">{seamOf(run)}</span>}
      </header>
      <div className="parts">
        <Parts parts={message.parts} growing={!ended} />
      </div>
      <AnswerStatus status={message.status} run={run} empty={message.parts.every(isEmpty)} />
    </article>
  );
});

function seamOf({ seams = [] }: Run): string {
  return seams.length > 0 ? 'Continued after a restart' : 'Begun anew after a restart';
}

function isEmpty(part: Message['parts'][number]): boolean {
  return part.type === 'text' && part.text === '';
}
