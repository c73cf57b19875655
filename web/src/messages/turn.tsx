// One message of the line that is looked at, with what can be done about it.
import { memo, useRef, useState } from 'react';
import { hasEnded, textOf, type Message, type MessageId, type Run } from 'verbatim/client';
import { CopyButton } from '../shared/copy-button.tsx';
import { Icon } from '../shared/icon.tsx';
import { useAction } from '../shared/use-action.ts';
import { Answer } from './answer.tsx';
import { EditMessage } from './edit-message.tsx';
import type { ThreadActions } from './use-thread-actions.ts';
import { UserMessage } from './user-message.tsx';
import { Versions, type VersionsProps } from './versions.tsx';

interface TurnProps extends Omit<VersionsProps, 'onSelect'> {
  readonly message: Message;
  /** The run that writes it, where it is known. */
  readonly run: Run | undefined;
  readonly modelName: string;
  readonly demo: boolean;
  readonly actions: ThreadActions;
}

/** Stays the same while its version changes, so that the focus stays where it is. */
export const Turn = memo(function Turn({ message, run, modelName, demo, actions, ...versions }: TurnProps) {
  const [edited, setEdited] = useState<MessageId>();
  const editButton = useRef<HTMLButtonElement>(null);
  const { pending, problem, act } = useAction();
  const isAnswer = message.role === 'assistant';
  const isEditing = edited === message.id;
  const text = textOf(message);
  const closeEditor = (): void => {
    setEdited(undefined);
    editButton.current?.focus();
  };
  return (
    <div className="turn" data-turn={message.role}>
      {isAnswer && <Answer key={message.id} message={message} run={run} modelName={modelName} demo={demo} />}
      {!isAnswer && !isEditing && <UserMessage key={message.id} message={message} />}
      {isEditing && (
        <EditMessage
          key={message.id}
          text={text}
          newKey={actions.newKey}
          onSend={(changed, key) => actions.edit(message, changed, key)}
          onClose={closeEditor}
        />
      )}
      <div className="turn-actions">
        {versions.count > 1 && <Versions {...versions} onSelect={(sibling) => act(() => actions.select(sibling))} />}
        {isAnswer && hasEnded(message.status) && text !== '' && <CopyButton text={() => text} what="answer" />}
        {isAnswer && hasEnded(message.status) && (
          <button
            type="button"
            className="small-button"
            aria-disabled={pending}
            onClick={() => {
              if (!pending) act(() => actions.regenerate(message.id));
            }}
          >
            <Icon name="again" />
            Regenerate
          </button>
        )}
        {!isAnswer && (
          <button
            type="button"
            className="small-button"
            aria-label="Edit message"
            aria-expanded={isEditing}
            ref={editButton}
            onClick={() => setEdited(isEditing ? undefined : message.id)}
          >
            <Icon name="edit" />
            Edit
          </button>
        )}
        {problem !== undefined && (
          <span className="action-problem" role="alert">
            {problem}
          </span>
        )}
      </div>
    </div>
  );
});
