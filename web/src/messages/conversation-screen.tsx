// One conversation: its thread, live, and the box to write in.
import { useCallback, useEffect, useState } from 'react';
import {
  hasEnded,
  pathTo,
  type Client,
  type Conversation,
  type ConversationId,
  type Run,
  type StreamError,
} from 'verbatim/client';
import { useConversation } from 'verbatim/react';
import { Composer } from '../composer/composer.tsx';
import { pendingModel, useSend } from '../composer/use-send.ts';
import { useStop } from '../composer/use-stop.ts';
import { Deleted } from '../home/deleted.tsx';
import { NotFound } from '../home/not-found.tsx';
import { Icon } from '../shared/icon.tsx';
import { ScreenHeader } from '../shared/screen-header.tsx';
import { useDocumentTitle } from '../shared/use-document-title.ts';
import type { Models } from '../use-models.ts';
import { Announcer } from './announcer.tsx';
import { ConnectionBadge } from './connection-badge.tsx';
import { ConnectionProblem } from './connection-problem.tsx';
import { LoadingThread } from './loading-thread.tsx';
import { Thread } from './thread.tsx';
import { useStickToLatest } from './use-stick-to-latest.ts';
import { useThreadActions } from './use-thread-actions.ts';

interface ConversationScreenProps {
  readonly client: Client;
  readonly id: ConversationId;
  readonly models: Models;
  readonly onOpenMenu: () => void;
  /** The list of conversations may show something old now. */
  readonly onChanged: () => void;
}

export function ConversationScreen({ client, id, models, onOpenMenu, onChanged }: ConversationScreenProps) {
  const { conversation, phase, error } = useConversation(client, id);
  const title = conversation === undefined ? undefined : conversation.title || 'Untitled';
  useDocumentTitle(title);
  useEffect(() => {
    if (title !== undefined) onChanged();
  }, [title, onChanged]);

  if (phase === 'ended' && isNotFound(error)) return <NotFound onOpenMenu={onOpenMenu} />;
  if (conversation !== undefined && conversation.deletedAtMs !== null) {
    return <Deleted client={client} id={id} onOpenMenu={onOpenMenu} onRestored={onChanged} />;
  }
  return (
    <>
      <ScreenHeader title={title ?? 'Conversation'} onOpenMenu={onOpenMenu}>
        <ConnectionBadge phase={phase} />
      </ScreenHeader>
      {phase === 'ended' && <ConnectionProblem reason={error?.message ?? 'The server ended the connection.'} />}
      {conversation === undefined ? (
        <LoadingThread phase={phase} />
      ) : (
        <OpenConversation client={client} conversation={conversation} models={models} onSent={onChanged} />
      )}
    </>
  );
}

interface OpenConversationProps {
  readonly client: Client;
  readonly conversation: Conversation;
  readonly models: Models;
  readonly onSent: () => void;
}

function OpenConversation({ client, conversation, models, onSent }: OpenConversationProps) {
  const { scroller, content, away, jump } = useStickToLatest();
  const [chosen, setChosen] = useState(() => pendingModel(conversation.id));
  const stop = useStop(client, liveRun(conversation), conversation.offset);
  const shown = useCallback((): void => {
    jump();
    onSent();
  }, [jump, onSent]);
  const actions = useThreadActions(client, { id: conversation.id, model: chosen, onSent: shown });
  const send = useSend(client, { id: conversation.id, onSent: shown });
  return (
    <>
      <Announcer runs={conversation.runs} />
      <Thread conversation={conversation} models={models} actions={actions} scroller={scroller} content={content} />
      <div className="dock">
        {away && (
          <button type="button" className="jump" onClick={jump}>
            <Icon name="down" />
            Jump to latest
          </button>
        )}
        <Composer
          send={send}
          stop={stop}
          models={models}
          model={conversation.model}
          chosen={chosen}
          onChoose={setChosen}
        />
      </div>
    </>
  );
}

/** By the code, or by the status alone where the server's answer was not read. */
function isNotFound(error: StreamError | undefined): boolean {
  return error?.code === 'conversation-not-found' || error?.details['status'] === 404;
}

/** The run that a stop is for, on the line that is looked at: the one that writes, else the last that waits. */
function liveRun({ messages, runs, leaf }: Conversation): Run | undefined {
  const live = runs.filter((run) => !hasEnded(run.status));
  if (live.length === 0) return undefined;
  const line = new Set(pathTo(messages, leaf).map(({ id }) => id));
  const shown = live.filter((run) => line.has(run.message));
  return shown.find((run) => run.status === 'running') ?? shown.at(-1);
}
