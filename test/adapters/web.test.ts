import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { describe, vi } from 'vitest';
import { respond } from 'verbatim/sse';
import { describeAdapter, run, type StartServer } from './suite.ts';

// With the global Response, as it is in all that is not Hono's, and with the server's own.
describe.each([false, true])(
  'respond on a server of web responses, overrideGlobalObjects: %s',
  (overrideGlobalObjects) => {
    const start: StartServer = async (source, options) => {
      const failures: unknown[] = [];
      // The server prints what breaks a body off: no handler is told.
      const printed = vi.spyOn(console, 'error').mockImplementation((error) => void failures.push(error));
      const listener = getRequestListener(
        (request) => {
          const response = respond(request, source, options);
          if (!response.headers.has('Access-Control-Allow-Origin'))
            response.headers.set('Access-Control-Allow-Origin', '*');
          for (const cookie of ['a=1', 'b=2']) response.headers.append('Set-Cookie', cookie);
          return response;
        },
        { overrideGlobalObjects },
      );
      const server = createServer((request, response) => void listener(request, response));
      const running = await run(server, failures);
      return {
        ...running,
        async close() {
          await running.close();
          printed.mockRestore();
        },
      };
    };

    describeAdapter({ start });
  },
);
