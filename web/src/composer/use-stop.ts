// Stopping an answer, by the button or by Escape.
import { useCallback, useEffect, useState } from 'react';
import { messageOf, type Client, type Run } from 'verbatim/client';

export interface Stop {
  /** Whether there is something to stop. */
  readonly possible: boolean;
  /** Asked for; the answer's end is on its way. */
  readonly asked: boolean;
  readonly problem: string | undefined;
  stop(): void;
}

interface Asked {
  readonly run: string;
  readonly problem: string | undefined;
}

/** `seen`: the offset that is on the screen; what came behind it is taken back. */
export function useStop(client: Client, run: Run | undefined, seen: number): Stop {
  const [asked, setAsked] = useState<Asked>();
  const id = run?.id;
  const current = asked !== undefined && asked.run === id ? asked : undefined;
  const waiting = current !== undefined && current.problem === undefined;

  const stop = useCallback((): void => {
    if (id === undefined || waiting) return;
    setAsked({ run: id, problem: undefined });
    client.stop(id, { seen }).catch((error: unknown) => setAsked({ run: id, problem: messageOf(error) }));
  }, [client, id, seen, waiting]);

  useEffect(() => {
    if (id === undefined) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing) return;
      if (event.target instanceof HTMLSelectElement) return; // Closes its list of choices.
      stop();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [id, stop]);

  return { possible: id !== undefined, asked: waiting, problem: current?.problem, stop };
}
