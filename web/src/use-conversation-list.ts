// The list of conversations: read at the start, when it may have changed, and when the tab
// comes back into sight.
import { useCallback, useEffect, useRef, useState } from 'react';
import { messageOf, type Client, type ConversationSummary } from 'verbatim/client';

export interface ConversationList {
  /** Undefined until it was read once. */
  readonly conversations: readonly ConversationSummary[] | undefined;
  /** Why the last reading failed. */
  readonly problem: string | undefined;
  readonly refresh: () => void;
}

export function useConversationList(client: Client): ConversationList {
  const [state, setState] = useState<Omit<ConversationList, 'refresh'>>({
    conversations: undefined,
    problem: undefined,
  });
  const newest = useRef(0);

  const refresh = useCallback((): void => {
    newest.current += 1;
    const reading = newest.current;
    const isNewest = (): boolean => reading === newest.current;
    client.listConversations().then(
      (conversations) => {
        if (isNewest()) setState({ conversations, problem: undefined });
      },
      (error: unknown) => {
        if (isNewest()) setState(({ conversations }) => ({ conversations, problem: messageOf(error) }));
      },
    );
  }, [client]);

  useEffect(() => {
    const onVisible = (): void => {
      if (document.visibilityState === 'visible') refresh();
    };
    refresh();
    document.addEventListener('visibilitychange', onVisible);
    return () => document.removeEventListener('visibilitychange', onVisible);
  }, [refresh]);

  return { ...state, refresh };
}
