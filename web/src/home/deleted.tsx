// For a conversation that was deleted while it was looked at, here or on another screen.
import type { Client, ConversationId } from 'verbatim/client';
import { ScreenHeader } from '../shared/screen-header.tsx';
import { useAction } from '../shared/use-action.ts';

interface DeletedProps {
  readonly client: Client;
  readonly id: ConversationId;
  readonly onOpenMenu: () => void;
  readonly onRestored: () => void;
}

export function Deleted({ client, id, onOpenMenu, onRestored }: DeletedProps) {
  const { pending, problem, act } = useAction();
  return (
    <>
      <ScreenHeader title="Deleted" onOpenMenu={onOpenMenu} />
      <div className="not-found">
        <p className="not-found-title">This conversation was deleted.</p>
        <output>{problem ?? 'It can still be brought back.'}</output>
        <button
          type="button"
          className="primary-link"
          disabled={pending}
          onClick={() => act(() => client.restoreConversation(id).then(onRestored))}
        >
          Bring it back
        </button>
      </div>
    </>
  );
}
