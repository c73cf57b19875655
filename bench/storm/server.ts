// A server that can be down in several ways, and comes back at the same address.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Outage = 'refuses' | 'cuts' | '503';

export interface StormServer {
  readonly url: string;
  recover(): Promise<void>;
  close(): Promise<void>;
}

/** Begins as down. Once it has recovered, it sends one event and leaves the stream open. */
export async function openStormServer(outage: Outage): Promise<StormServer> {
  let isDown = true;
  const server = createServer((_request, response) => {
    if (!isDown) startStream(response).write('data: back\n\n');
    else if (outage === '503') response.writeHead(503).end();
    else startStream(response).destroy();
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // As it is for a server that listens on a port.
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  if (outage === 'refuses') await close();
  return {
    url: `http://127.0.0.1:${port}/`,
    async recover() {
      isDown = false;
      if (server.listening) return;
      server.listen({ port, host: '127.0.0.1', backlog: 1_024 });
      await once(server, 'listening');
    },
    close,
  };
}

function startStream(response: ServerResponse): ServerResponse {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
  return response;
}
