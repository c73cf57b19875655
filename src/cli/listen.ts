// Listens where people will look: `localhost` means 127.0.0.1 to some programs and ::1 to others.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamError, type NodeHandler } from '../server.ts';

export interface Listening {
  readonly port: number;
  /** Takes no new connection, lets those that are open end, and cuts them after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Errors: `invalid-input` where the port is taken, or the address is not this machine's. */
export async function listen(address: { host: string; port: number }, handler: NodeHandler): Promise<Listening> {
  const hosts = address.host === 'localhost' ? ['127.0.0.1', '::1'] : [address.host];
  const servers: Server[] = [];
  let { port } = address;
  try {
    for (const host of hosts) {
      const server = await tryListen(host, port, handler, servers.length > 0);
      if (server === undefined) continue;
      servers.push(server);
      ({ port } = server.address() as AddressInfo); // Listening on TCP, so it has one.
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw listenFailure({ ...address, port }, error);
  }
  return { port, close: async (graceMs) => void (await Promise.all(servers.map((server) => close(server, graceMs)))) };
}

async function tryListen(
  host: string,
  port: number,
  handler: NodeHandler,
  mayBeMissing: boolean,
): Promise<Server | undefined> {
  const server = createServer(handler);
  try {
    server.listen({ host, port });
    await once(server, 'listening');
    return server;
  } catch (error) {
    // A machine without IPv6 has no ::1.
    if (mayBeMissing && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}

function listenFailure({ host, port }: { host: string; port: number }, cause: unknown): StreamError {
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new StreamError(
        'invalid-input',
        `Port ${port} is in use by another program. Stop that one, or choose another port: npm start -- --port ${port + 1}`,
        { cause },
      );
    case 'EACCES':
      return new StreamError('invalid-input', `Port ${port} may not be used by this user. Choose one above 1023.`, {
        cause,
      });
    default:
      return new StreamError('invalid-input', `Cannot listen on ${host}:${port} (${codeOf(cause)}).`, { cause });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
