// The suite's reader over HTTP/2 without TLS. Each has a connection of its own.
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { createInbox, type Client, type OpenClient } from './client.ts';

export const openHttp2Client: OpenClient = (port, options = {}) => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const session = connectHttp2(`http://127.0.0.1:${port}`, { createConnection: () => socket });
  // What a connection that is cut reports is the point of some tests; the stream's `close` comes after it.
  session.on('error', () => undefined);
  const client = openStream(session, options);
  return {
    ...client,
    kill: () => void socket.resetAndDestroy(),
    halfClose: () => void socket.end(),
    [Symbol.dispose]: () => session.destroy(),
  };
};

/** A reader that shares the connection with others. It goes by a reset of its stream alone. */
export function openStream(session: ClientHttp2Session, options: Parameters<OpenClient>[1] = {}): Client {
  const { method = 'GET', headers = {} } = options;
  const stream = session.request({ ':method': method, ':path': '/', ...headers });
  const inbox = createInbox();
  let hasEnded = false;

  stream.on('response', (given) => {
    const values = Object.entries(given).filter(([name]) => !name.startsWith(':'));
    inbox.gotHead({
      status: given[':status'] ?? 0,
      headers: Object.fromEntries(values.map(([name, value]) => [name, [value ?? ''].flat()])),
    });
  });
  stream.on('data', inbox.got);
  stream.on('end', () => {
    hasEnded = true;
  });
  // A reset without an error looks like an end: only its code tells that the server broke off.
  stream.on('close', () => inbox.end(hasEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR ? 'whole' : 'broken'));
  stream.on('error', () => undefined);

  return {
    head: inbox.head,
    until: inbox.until,
    ended: inbox.ended,
    stall: () => void stream.pause(),
    readOn: () => void stream.resume(),
    kill: () => stream.close(constants.NGHTTP2_CANCEL),
    halfClose: () => void stream.end(),
    [Symbol.dispose]: () => void stream.destroy(),
  };
}
