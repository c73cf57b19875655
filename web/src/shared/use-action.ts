// Something that a button asks of the server: whether it is under way, and why it failed.
import { useCallback, useState } from 'react';
import { messageOf } from 'verbatim/client';

export interface Action {
  readonly pending: boolean;
  /** Why the last one failed. */
  readonly problem: string | undefined;
  act(action: () => Promise<unknown>): void;
}

export function useAction(): Action {
  const [state, setState] = useState<Omit<Action, 'act'>>({ pending: false, problem: undefined });
  const act = useCallback((action: () => Promise<unknown>): void => {
    setState({ pending: true, problem: undefined });
    action().then(
      () => setState({ pending: false, problem: undefined }),
      (error: unknown) => setState({ pending: false, problem: messageOf(error) }),
    );
  }, []);
  return { ...state, act };
}
