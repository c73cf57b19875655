// The messages of a conversation. Only those that changed are rendered again: the store keeps
// the others the same objects.
import { useMemo, type RefObject } from 'react';
import { latestLeaf, pathTo, type Conversation } from 'verbatim/client';
import type { Models } from '../use-models.ts';
import { Answer } from './answer.tsx';
import { UserMessage } from './user-message.tsx';

interface ThreadProps {
  readonly conversation: Conversation;
  readonly models: Models;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
}

export function Thread({ conversation, models, scroller, content }: ThreadProps) {
  const { messages, runs } = conversation;
  const path = useMemo(() => pathTo(messages, latestLeaf(messages)), [messages]);
  const runOf = useMemo(() => new Map(runs.map((run) => [run.message, run])), [runs]);
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard.
    <div className="thread" role="log" aria-live="off" aria-label="Messages" tabIndex={0} ref={scroller}>
      <div className="thread-content" ref={content}>
        {path.length === 0 && <p className="thread-empty">Nothing has been said here yet.</p>}
        {path.map((message) => {
          if (message.role === 'user') return <UserMessage key={message.id} message={message} />;
          const run = runOf.get(message.id);
          const { name, demo } = models.describe(message.model ?? run?.model ?? conversation.model);
          return <Answer key={message.id} message={message} run={run} modelName={name} demo={demo} />;
        })}
      </div>
    </div>
  );
}
