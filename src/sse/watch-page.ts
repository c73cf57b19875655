// What a page's browser tells about its tab and its network.
import type { ReconnectInput } from './reconnect.ts';

/** Reports when a page's tab wakes or its network goes and comes. Elsewhere than in a page: nothing. */
export function watchPage(send: (input: ReconnectInput) => void): { close(): void } {
  if (typeof window === 'undefined' || typeof document === 'undefined') return { close: () => undefined };
  const listening = new AbortController();
  function listen(target: EventTarget, type: string, listener: () => void): void {
    target.addEventListener(type, listener, { signal: listening.signal });
  }
  function wake(): void {
    if (document.visibilityState === 'visible') send({ type: 'woken' });
  }
  listen(document, 'visibilitychange', wake);
  listen(window, 'pageshow', wake);
  // The network counts for a hidden tab too: it may be there to notify.
  listen(window, 'online', () => send({ type: 'woken' }));
  listen(window, 'offline', () => send({ type: 'went-offline' }));
  return { close: () => listening.abort() };
}
