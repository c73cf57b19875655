// The conversations: a column on a wide screen, a drawer on a narrow one.
import { useEffect, useRef, type KeyboardEvent } from 'react';
import type { ConversationId } from 'verbatim/client';
import { Icon } from '../shared/icon.tsx';
import { Link } from '../shared/link.tsx';
import { Mark } from '../shared/mark.tsx';
import type { ConversationList } from '../use-conversation-list.ts';
import { ConversationRow } from './conversation-row.tsx';
import type { Changes } from './use-changes.ts';

interface SidebarProps {
  readonly list: ConversationList;
  readonly changes: Changes;
  readonly current: ConversationId | undefined;
  /** Whether the drawer is open; a wide screen shows the column in any case. */
  readonly open: boolean;
  readonly onClose: () => void;
}

export function Sidebar({ list, changes, current, open, onClose }: SidebarProps) {
  const closeButton = useDrawerFocus(open);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.defaultPrevented || !open) return;
    event.preventDefault(); // Closes the drawer alone, and stops no answer.
    onClose();
  };
  return (
    <>
      <div className="backdrop" data-open={open} onClick={onClose} aria-hidden="true" />
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape from any control in it. */}
      <nav className="sidebar" aria-label="Conversations" data-open={open} onKeyDown={onKeyDown}>
        <div className="sidebar-head">
          <Link href="/" className="brand" onFollow={onClose}>
            <Mark />
            Verbatim
          </Link>
          <button
            type="button"
            className="icon-button close-button"
            aria-label="Close conversations"
            onClick={onClose}
            ref={closeButton}
          >
            <Icon name="close" />
          </button>
        </div>
        <Link href="/" className="new-chat-link" onFollow={onClose}>
          <Icon name="plus" />
          New chat
        </Link>
        <Conversations list={list} changes={changes} current={current} onFollow={onClose} />
      </nav>
    </>
  );
}

interface ConversationsProps {
  readonly list: ConversationList;
  readonly changes: Changes;
  readonly current: ConversationId | undefined;
  readonly onFollow: () => void;
}

function Conversations({ list: { conversations, problem, refresh }, changes, current, onFollow }: ConversationsProps) {
  return (
    <div className="sidebar-list">
      {problem !== undefined && (
        <div className="sidebar-note" role="alert">
          <p>The list could not be read. {problem}</p>
          <button type="button" className="plain-button" onClick={refresh}>
            Try again
          </button>
        </div>
      )}
      {conversations?.length === 0 && (
        <p className="sidebar-note">No conversations yet. What you begin is kept here, also when the tab is closed.</p>
      )}
      <ul>
        {conversations?.map((conversation) => (
          <li key={conversation.id}>
            <ConversationRow
              conversation={conversation}
              isCurrent={conversation.id === current}
              changes={changes}
              onFollow={onFollow}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Moves the focus into the drawer as it opens, and back to where it was as it closes. */
function useDrawerFocus(open: boolean) {
  const closeButton = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const before = document.activeElement;
    closeButton.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [open]);
  return closeButton;
}
