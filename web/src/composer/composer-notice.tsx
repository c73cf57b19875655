// What went wrong with sending or stopping, and the way to try again.
import type { SendState } from './use-send.ts';

interface ComposerNoticeProps {
  readonly send: SendState;
  readonly stopProblem: string | undefined;
  readonly onRetry: () => void;
}

export function ComposerNotice({ send, stopProblem, onRetry }: ComposerNoticeProps) {
  if (send.type === 'failed') {
    return (
      <div className="notice" role="alert">
        <p>
          <strong>Not sent.</strong> {send.reason} Your text is kept.
        </p>
        <button type="button" className="plain-button" onClick={onRetry}>
          Retry
        </button>
      </div>
    );
  }
  if (stopProblem === undefined) return null;
  return (
    <div className="notice" role="alert">
      <p>
        <strong>Not stopped.</strong> {stopProblem} Press stop again.
      </p>
    </div>
  );
}
