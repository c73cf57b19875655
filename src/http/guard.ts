// Keeps strangers' pages out of a server that has no login: a page elsewhere can reach a loopback
// address through the browser of whoever looks at it (DNS rebinding, cross-site requests).
import { show, StreamError } from '../core/errors.ts';

/** Whether the host, as in a URL, can only mean this machine. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(name);
}

/** Errors: `host-not-allowed`, `origin-not-allowed`. */
export function checkCaller(request: Request): void {
  const { hostname, host } = new URL(request.url);
  if (!isLoopbackHost(hostname)) {
    throw new StreamError(
      'host-not-allowed',
      `Expected to be called as localhost, got ${show(host)}. Open http://localhost instead.`,
    );
  }
  const origin = request.headers.get('Origin');
  // Reading is guarded by the browser itself, which gives a foreign page no answer to look at.
  if (origin === null || request.method === 'GET' || request.method === 'HEAD') return;
  if (URL.canParse(origin) && new URL(origin).host === request.headers.get('Host')) return;
  throw new StreamError(
    'origin-not-allowed',
    `Expected a request from this server's own page, got one from ${show(origin)}. Send it from a server, or without Origin.`,
  );
}
