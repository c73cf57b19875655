import { once } from 'node:events';
import { connect, createServer, type ServerHttp2Session } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { respondNode } from 'verbatim/sse';
import { createFakeClock } from 'verbatim/testing';
import { listen } from '../support/http-server.ts';
import { openHttp2Client, openStream } from './http2-client.ts';
import { flood, stalled, watch } from './source.ts';
import { describeAdapter, type StartServer } from './suite.ts';

const start: StartServer = async (source, options) => {
  const failures: unknown[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Set-Cookie', ['a=1', 'b=2']);
    respondNode(request, response, source, options).catch((error: unknown) => failures.push(error));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined); // A reader that goes with a reset.
  });
  return {
    port: await listen(server),
    failures,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
};

describe('respondNode on node:http2', () => {
  describeAdapter({ start, openClient: openHttp2Client });

  it('does not let a stream that stalls, or is reset, hold up another of the connection', async () => {
    const clock = createFakeClock();
    const { source, first } = watch(flood);
    const server = await start(source, { clock });
    const session = connect(`http://127.0.0.1:${server.port}`);
    const slow = openStream(session);
    await slow.head();
    slow.stall();
    const visit = await first;
    await stalled(visit);
    const other = openStream(session, { headers: { 'Last-Event-ID': '7' } });
    await other.until((text) => text.endsWith('data: after 7\n\n'));
    slow.kill();
    await visit.over;
    await clock.advance(15_000);
    await other.until((text) => text.endsWith(': heartbeat\n\n'));
    expect(visit.signal.aborted).toBe(true);
    session.destroy();
    await server.close();
  });
});
