// Says what became of a conversation, for as long as the style's animation lasts; what was deleted can
// be brought back here.
import { useEffect, useRef } from 'react';
import { Icon } from '../shared/icon.tsx';
import type { Changes } from './use-changes.ts';

export function Toast({ notice, restore, dismiss }: Changes) {
  return (
    <output className="toast-place">
      {notice !== undefined && (
        <span className="toast" key={notice.key} data-type={notice.type} onAnimationEnd={dismiss}>
          <span dir="auto">{notice.text}</span>
          {notice.type === 'deleted' && <Undo onUndo={() => restore(notice.id)} />}
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={dismiss}>
            <Icon name="close" />
          </button>
        </span>
      )}
    </output>
  );
}

function Undo({ onUndo }: { readonly onUndo: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // What was pressed goes with its row, and the focus must not go with it.
    if (document.activeElement?.closest('.row') !== null) button.current?.focus();
  }, []);
  return (
    <button type="button" className="plain-button" ref={button} onClick={onUndo}>
      Undo
    </button>
  );
}
