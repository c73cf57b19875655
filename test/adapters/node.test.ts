import { createServer } from 'node:http';
import { describe } from 'vitest';
import { respondNode } from 'verbatim/sse';
import { describeAdapter, run, type StartServer } from './suite.ts';

const start: StartServer = async (source, options) => {
  const failures: unknown[] = [];
  const server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Set-Cookie', ['a=1', 'b=2']);
    respondNode(request, response, source, options).catch((error: unknown) => failures.push(error));
  });
  return await run(server, failures);
};

describe('respondNode on node:http', () => {
  describeAdapter({ start });
});
