// An answer of a model, as it grows: who writes it, its text, and how it stands.
import { memo } from 'react';
import { hasEnded, textOf, type Message, type Run } from 'verbatim/client';
import { CopyButton } from '../shared/copy-button.tsx';
import { AnswerStatus } from './answer-status.tsx';
import { Markdown } from './markdown/markdown.tsx';
import { ModelLabel } from './model-label.tsx';

interface AnswerProps {
  readonly message: Message;
  /** The run that writes it, where it is known. */
  readonly run: Run | undefined;
  readonly modelName: string;
  readonly demo: boolean;
}

export const Answer = memo(function Answer({ message, run, modelName, demo }: AnswerProps) {
  const text = textOf(message);
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
        {run !== undefined && run.attempt > 1 && <span className="seam">Continued after a restart</span>}
      </header>
      <div className="answer-text" data-part="text" dir="auto">
        <Markdown text={text} growing={!ended} />
      </div>
      <AnswerStatus status={message.status} run={run} empty={text === ''} />
      {ended && text !== '' && (
        <footer className="answer-footer">
          <CopyButton text={() => text} what="answer" />
        </footer>
      )}
    </article>
  );
});
