// The messages of a conversation: the line that leads to its leaf. Only those that changed are rendered
// again: the store keeps the others the same objects.
import { useMemo, type RefObject } from 'react';
import { childrenOf, pathTo, type Conversation } from 'verbatim/client';
import type { Models } from '../use-models.ts';
import { Turn } from './turn.tsx';
import type { ThreadActions } from './use-thread-actions.ts';

interface ThreadProps {
  readonly conversation: Conversation;
  readonly models: Models;
  readonly actions: ThreadActions;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
}

export function Thread({ conversation, models, actions, scroller, content }: ThreadProps) {
  const { messages, runs, leaf } = conversation;
  const path = useMemo(() => pathTo(messages, leaf), [messages, leaf]);
  const runOf = useMemo(() => new Map(runs.map((run) => [run.message, run])), [runs]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard.
    <div className="thread" role="log" aria-live="off" aria-label="Messages" tabIndex={0} ref={scroller}>
      <div className="thread-content" ref={content}>
        {path.length === 0 && <p className="thread-empty">Nothing has been said here yet.</p>}
        {path.map((message) => {
          const run = runOf.get(message.id);
          const { name, demo } = models.describe(message.model ?? run?.model ?? conversation.model);
          const versions = childrenOf(messages, message.parent).map(({ id }) => id);
          const at = versions.indexOf(message.id);
          return (
            <Turn
              key={message.parent ?? 'first'}
              message={message}
              run={run}
              modelName={name}
              demo={demo}
              version={at + 1}
              count={versions.length}
              previous={versions[at - 1]}
              next={versions[at + 1]}
              actions={actions}
            />
          );
        })}
      </div>
    </div>
  );
}
