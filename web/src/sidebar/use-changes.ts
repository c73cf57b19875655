// What is done to the conversations of the list, and what there is to say about it.
import { useCallback, useMemo, useState } from 'react';
import { messageOf, type Client, type ConversationId } from 'verbatim/client';
import { currentPath, navigate } from '../navigation.ts';
import { pathOf } from '../route.ts';

type Notice = { readonly key: string; readonly text: string } & (
  | { readonly type: 'deleted'; readonly id: ConversationId }
  | { readonly type: 'problem' }
);

export interface Changes {
  /** What is to be said, until it is dismissed. */
  readonly notice: Notice | undefined;
  rename(id: ConversationId, title: string): void;
  remove(conversation: { readonly id: ConversationId; readonly title: string }): void;
  /** Brings back what was deleted, and goes there. */
  restore(id: ConversationId): void;
  dismiss(): void;
}

/** `onChanged`: the list is another now. */
export function useChanges(client: Client, onChanged: () => void): Changes {
  const [notice, setNotice] = useState<Notice>();
  const change = useCallback(
    (write: Promise<unknown>, then: () => void): void => {
      write.then(
        () => {
          then();
          onChanged();
        },
        (error: unknown) =>
          setNotice({ type: 'problem', key: client.newKey(), text: `That did not work. ${messageOf(error)}` }),
      );
    },
    [client, onChanged],
  );
  return useMemo(
    () => ({
      notice,
      rename: (id, title) => change(client.changeConversation(id, { title }), () => undefined),
      remove: ({ id, title }) =>
        change(client.deleteConversation(id), () => {
          if (currentPath() === pathOf(id)) navigate('/');
          setNotice({ type: 'deleted', key: id, text: `Deleted “${title === '' ? 'Untitled' : title}”.`, id });
        }),
      restore: (id) =>
        change(client.restoreConversation(id), () => {
          setNotice(undefined);
          navigate(pathOf(id));
        }),
      dismiss: () => setNotice(undefined),
    }),
    [client, change, notice],
  );
}
