// A conversation in the list: a link to it, and what can be done to it.
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { ConversationSummary } from 'verbatim/client';
import { pathOf } from '../route.ts';
import { Icon } from '../shared/icon.tsx';
import { Link } from '../shared/link.tsx';
import type { Changes } from './use-changes.ts';

interface ConversationRowProps {
  readonly conversation: ConversationSummary;
  readonly isCurrent: boolean;
  readonly changes: Changes;
  readonly onFollow: () => void;
}

export function ConversationRow({ conversation, isCurrent, changes, onFollow }: ConversationRowProps) {
  const { id, title } = conversation;
  const [isRenaming, setRenaming] = useState(false);
  const renameButton = useRef<HTMLButtonElement>(null);
  const wasRenaming = useRef(false);
  useEffect(() => {
    // Back to where it was, unless it went elsewhere by itself.
    const isLost = wasRenaming.current && !isRenaming && document.activeElement === document.body;
    if (isLost) renameButton.current?.focus();
    wasRenaming.current = isRenaming;
  }, [isRenaming]);
  const shown = title === '' ? 'Untitled' : title;
  if (isRenaming) {
    const close = (): void => setRenaming(false);
    return <RenameForm title={title} onRename={(changed) => changes.rename(id, changed)} onClose={close} />;
  }
  return (
    <div className="row" data-current={isCurrent}>
      <Link
        href={pathOf(id)}
        aria-current={isCurrent ? 'page' : undefined}
        title={title}
        dir="auto"
        onFollow={onFollow}
      >
        {shown}
      </Link>
      <button
        type="button"
        className="small-button"
        aria-label={`Rename ${shown}`}
        title="Rename"
        ref={renameButton}
        onClick={() => setRenaming(true)}
      >
        <Icon name="edit" />
      </button>
      <button
        type="button"
        className="small-button"
        aria-label={`Delete ${shown}`}
        title="Delete"
        onClick={() => changes.remove(conversation)}
      >
        <Icon name="delete" />
      </button>
    </div>
  );
}

interface RenameFormProps {
  readonly title: string;
  readonly onRename: (title: string) => void;
  readonly onClose: () => void;
}

function RenameForm({ title, onRename, onClose }: RenameFormProps) {
  const [text, setText] = useState(title);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  const submit = (): void => {
    const changed = text.trim();
    if (changed !== '' && changed !== title) onRename(changed);
    onClose();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.nativeEvent.isComposing) return;
    event.preventDefault(); // Neither closes the drawer nor stops an answer.
    onClose();
  };
  return (
    <form
      className="rename"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <input
        ref={input}
        aria-label="Title"
        maxLength={200}
        dir="auto"
        enterKeyHint="done"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={submit}
      />
    </form>
  );
}
