// A part that is not the answer itself: folded until somebody wants to see it.
import type { ReactNode } from 'react';
import { Icon } from '../../shared/icon.tsx';

interface FoldProps {
  readonly part: string;
  readonly label: ReactNode;
  /** How it stands. */
  readonly note?: string | undefined;
  readonly children: ReactNode;
}

export function Fold({ part, label, note, children }: FoldProps) {
  return (
    <details className="fold" data-part={part}>
      <summary>
        <Icon name="next" />
        <span className="fold-label">{label}</span>
        {note !== undefined && <span className="fold-note">{note}</span>}
      </summary>
      <div className="fold-body">{children}</div>
    </details>
  );
}
