import { createServer } from 'node:http';
import express, { type ErrorRequestHandler } from 'express';
import { describe } from 'vitest';
import { respondNode } from 'verbatim/sse';
import { describeAdapter, run, type StartServer } from './suite.ts';

const start: StartServer = async (source, options) => {
  const failures: unknown[] = [];
  const app = express();
  app.use((_request, response, next) => {
    response.set('Access-Control-Allow-Origin', '*').append('Set-Cookie', 'a=1').append('Set-Cookie', 'b=2');
    next();
  });
  app.get('/', async (request, response) => {
    await respondNode(request, response, source, options);
  });
  // Express knows an error handler by its four parameters.
  const onError: ErrorRequestHandler = (error, _request, _response, next) => {
    failures.push(error);
    next(error);
  };
  app.set('env', 'test'); // So that the last handler does not print.
  app.use(onError);
  const server = createServer(app);
  return await run(server, failures);
};

describe('respondNode on Express', () => {
  describeAdapter({ start });
});
