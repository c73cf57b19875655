import { createServer } from 'node:http';
import Koa from 'koa';
import { describe } from 'vitest';
import { respondKoa } from 'verbatim/sse';
import { describeAdapter, run, type StartServer } from './suite.ts';

const start: StartServer = async (source, options) => {
  const failures: unknown[] = [];
  const app = new Koa();
  app.on('error', (error) => failures.push(error));
  app.use(async (context, next) => {
    context.set('Access-Control-Allow-Origin', '*');
    context.append('Set-Cookie', ['a=1', 'b=2']);
    await next();
  });
  app.use(async (context) => await respondKoa(context, source, options));
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  return await run(server, failures);
};

describe('respondKoa on Koa', () => {
  describeAdapter({ start });
});
