// Node's requests and responses around a web-standard handler.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';

export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => void;

export function createNodeHandler(handle: (request: Request) => Promise<Response>): NodeHandler {
  // The global Request and Response are the embedding program's own: they are left as they are.
  const listener = getRequestListener(handle, { overrideGlobalObjects: false });
  return (request, response) => {
    // A delta must not wait for the next one to fill a packet.
    request.socket.setNoDelay(true);
    void listener(request, response);
  };
}
