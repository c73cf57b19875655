import fastify from 'fastify';
import { describe } from 'vitest';
import { respondFastify } from 'verbatim/sse';
import { describeAdapter, type StartServer } from './suite.ts';

const start: StartServer = async (source, options) => {
  const failures: unknown[] = [];
  const app = fastify({ forceCloseConnections: true });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('Access-Control-Allow-Origin', '*').header('Set-Cookie', 'a=1').header('Set-Cookie', 'b=2');
  });
  app.get('/', async (request, reply) => {
    try {
      await respondFastify(request, reply, source, options);
    } catch (error) {
      failures.push(error);
      throw error; // Fastify logs it: the reply is no longer its own.
    }
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: Number(new URL(url).port), failures, close: async () => await app.close() };
};

describe('respondFastify on Fastify', () => {
  describeAdapter({ start });
});
