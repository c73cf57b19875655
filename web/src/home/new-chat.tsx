// The beginning of a conversation: what this is, what to try, and the box to write in.
import { useState } from 'react';
import type { Client, ConversationId } from 'verbatim/client';
import { Composer } from '../composer/composer.tsx';
import { pendingModel, useSend } from '../composer/use-send.ts';
import { currentPath, navigate } from '../navigation.ts';
import { pathOf } from '../route.ts';
import { Mark } from '../shared/mark.tsx';
import { ScreenHeader } from '../shared/screen-header.tsx';
import { useDocumentTitle } from '../shared/use-document-title.ts';
import type { Models } from '../use-models.ts';
import { suggestionsFor } from './suggestions.ts';

interface NewChatProps {
  readonly client: Client;
  readonly models: Models;
  readonly onOpenMenu: () => void;
  readonly onCreated: () => void;
}

export function NewChat({ client, models, onOpenMenu, onCreated }: NewChatProps) {
  const [chosen, setChosen] = useState(() => pendingModel(undefined));
  const send = useSend(client, {
    id: undefined,
    onSent: (id: ConversationId) => {
      onCreated();
      if (currentPath() === '/') navigate(pathOf(id)); // Whoever went elsewhere meanwhile stays there.
    },
  });
  useDocumentTitle(undefined);
  return (
    <>
      <ScreenHeader title="New chat" onOpenMenu={onOpenMenu} />
      <div className="home">
        <div className="home-content">
          <div className="hero">
            <Mark />
            <p className="hero-title">Every word arrives, once, in order.</p>
            <p className="hero-text">
              Verbatim writes each answer to a durable log as it comes, and streams it from there to every tab you open.
            </p>
          </div>
          <ul className="suggestions" aria-label="Suggested first messages">
            {suggestionsFor(models).map(({ text, about, model }) => (
              <li key={text}>
                <button
                  type="button"
                  disabled={send.state.type === 'sending'}
                  onClick={() => {
                    setChosen(model);
                    send.submit({ text, model });
                  }}
                >
                  <span dir="auto">{text}</span>
                  <small>{about}</small>
                </button>
              </li>
            ))}
          </ul>
          <p className="home-hint">
            While it answers: refresh, open the conversation in a second tab, or kill the server and start it again. The
            answer goes on from its last word.
          </p>
        </div>
      </div>
      <div className="dock">
        <Composer send={send} models={models} model={models.preferred} chosen={chosen} onChoose={setChosen} />
      </div>
    </>
  );
}
