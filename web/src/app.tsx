// The page: the conversations at the side, and the screen that the address names.
import { useCallback, useState } from 'react';
import type { Client } from 'verbatim/client';
import { NewChat } from './home/new-chat.tsx';
import { NotFound } from './home/not-found.tsx';
import { ConversationScreen } from './messages/conversation-screen.tsx';
import { useRoute } from './navigation.ts';
import type { Route } from './route.ts';
import { Sidebar } from './sidebar/sidebar.tsx';
import { Toast } from './sidebar/toast.tsx';
import { useChanges } from './sidebar/use-changes.ts';
import { useConversationList } from './use-conversation-list.ts';
import { useModels, type Models } from './use-models.ts';

export function App({ client }: { readonly client: Client }) {
  const route = useRoute();
  const models = useModels(client);
  const list = useConversationList(client);
  const changes = useChanges(client, list.refresh);
  const [menuOpen, setMenuOpen] = useState(false);
  const openMenu = useCallback(() => setMenuOpen(true), []);
  const closeMenu = useCallback(() => setMenuOpen(false), []);
  return (
    <div className="shell">
      <Sidebar
        list={list}
        changes={changes}
        current={route.type === 'conversation' ? route.id : undefined}
        open={menuOpen}
        onClose={closeMenu}
      />
      <main className="screen" inert={menuOpen}>
        <Screen client={client} route={route} models={models} onOpenMenu={openMenu} onChanged={list.refresh} />
      </main>
      <Toast {...changes} />
    </div>
  );
}

interface ScreenProps {
  readonly client: Client;
  readonly route: Route;
  readonly models: Models;
  readonly onOpenMenu: () => void;
  readonly onChanged: () => void;
}

function Screen({ client, route, models, onOpenMenu, onChanged }: ScreenProps) {
  switch (route.type) {
    case 'new':
      return <NewChat client={client} models={models} onOpenMenu={onOpenMenu} onCreated={onChanged} />;
    case 'conversation':
      return (
        <ConversationScreen
          key={route.id}
          client={client}
          id={route.id}
          models={models}
          onOpenMenu={onOpenMenu}
          onChanged={onChanged}
        />
      );
    case 'unknown':
      return <NotFound onOpenMenu={onOpenMenu} />;
  }
}
