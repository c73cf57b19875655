import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { describe, vi } from 'vitest';
import { respondHono } from 'verbatim/sse';
import { describeAdapter, run, type StartServer } from './suite.ts';

const start: StartServer = async (source, options) => {
  const failures: unknown[] = [];
  // The server prints what breaks a body off: no handler is told.
  const printed = vi.spyOn(console, 'error').mockImplementation((error) => void failures.push(error));
  const app = new Hono();
  app.use(cors());
  app.use(async (context, next) => {
    context.header('Set-Cookie', 'a=1');
    context.header('Set-Cookie', 'b=2', { append: true });
    await next();
  });
  app.get('/', (context) => respondHono(context, source, options));
  const listener = getRequestListener(app.fetch);
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

describe('respondHono on Hono', () => {
  describeAdapter({ start });
});
