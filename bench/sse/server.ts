// Serves the input over HTTP as fast as it is taken, in a process of its own: what it spends is not
// counted. Tells its parent the port.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildInput } from './inputs.ts';

const whole = Buffer.concat(buildInput('16k').pieces);

const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Content-Length': whole.length });
  response.end(whole);
});

server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port); // An address and a port, for it is no pipe.
});
