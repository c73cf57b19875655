// Starts the page. Composition root: the one client is made here.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from 'verbatim/client';
import { App } from './app.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/sidebar.css';
import './styles/home.css';
import './styles/messages.css';
import './styles/markdown.css';
import './styles/parts.css';
import './styles/composer.css';

const root = document.querySelector('#root');
if (root === null) throw new Error('Expected an element with the id "root" in index.html.');
createRoot(root).render(
  <StrictMode>
    <App client={createClient()} />
  </StrictMode>,
);
