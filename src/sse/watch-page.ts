// What a page's browser tells about its tab and its network.
import type { ReconnectInput } from './reconnect.ts';

/** Reports when a page's tab wakes or its network goes and comes, until what is returned is called. Elsewhere than in a page: nothing. */
export function watchPage(send: (input: ReconnectInput) => void): () => void {
  const listening = new AbortController();
  function listen(target: EventTarget, type: string, listener: () => void): void {
    target.addEventListener(type, listener, { signal: listening.signal });
  }
  const wake = (): void => send({ type: 'woken' });
  const show = (): void => {
    if (document.visibilityState === 'visible') wake();
  };
  if (typeof document !== 'undefined') {
    listen(document, 'visibilitychange', show);
    listen(window, 'pageshow', show);
    // The network counts for a hidden tab too: it may be there to notify.
    listen(window, 'online', wake);
    listen(window, 'offline', () => send({ type: 'went-offline' }));
  }
  return () => listening.abort();
}
