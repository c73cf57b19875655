// What a page's browser tells about its tab and its network.
import type { ReconnectInput } from './reconnect.ts';

/** Reports when a page's tab wakes or its network goes and comes. Elsewhere than in a page: nothing. */
export function watchPage(send: (input: ReconnectInput) => void): { close(): void } {
  if (typeof window === 'undefined' || typeof document === 'undefined') return { close: () => undefined };
  const woken = (): void => {
    if (document.visibilityState === 'visible') send({ type: 'woken' });
  };
  // The network counts for a hidden tab too: it may be there to notify.
  const online = (): void => send({ type: 'woken' });
  const offline = (): void => send({ type: 'went-offline' });
  document.addEventListener('visibilitychange', woken);
  window.addEventListener('pageshow', woken);
  window.addEventListener('online', online);
  window.addEventListener('offline', offline);
  return {
    close() {
      document.removeEventListener('visibilitychange', woken);
      window.removeEventListener('pageshow', woken);
      window.removeEventListener('online', online);
      window.removeEventListener('offline', offline);
    },
  };
}
