// The route table: every address of the API on one screen.
import { Hono } from 'hono';
import { show, StreamError } from '../core/errors.ts';
import type { ConversationId } from '../core/ids.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Engine } from '../engine/engine.ts';
import type { WriterOptions } from '../sse/writer.ts';
import { createFrames } from './frames.ts';
import { checkCaller } from './guard.ts';
import { parseConversationId, parseRunId } from './input.ts';
import type { Page } from './page.ts';
import { problemOf } from './problem.ts';
import { changeConversation } from './routes/change-conversation.ts';
import { createConversation } from './routes/create-conversation.ts';
import { deleteConversation } from './routes/delete-conversation.ts';
import { followConversation } from './routes/follow-conversation.ts';
import { getConversation } from './routes/get-conversation.ts';
import { listConversations } from './routes/list-conversations.ts';
import { listModels } from './routes/list-models.ts';
import { removeMessage } from './routes/remove-message.ts';
import { restoreConversation } from './routes/restore-conversation.ts';
import { restoreMessage } from './routes/restore-message.ts';
import { sendMessage } from './routes/send-message.ts';
import { startRun } from './routes/start-run.ts';
import { stopRun } from './routes/stop-run.ts';

interface RoutesDeps {
  readonly telemetry: Telemetry;
  readonly page?: Page | undefined;
  /** How event streams are written. When its drain has begun, nothing but the page is served any more. */
  readonly stream?: WriterOptions | undefined;
}

export function createRoutes(engine: Engine, { telemetry, page, stream }: RoutesDeps): Hono {
  const delivery = { engine, frames: createFrames(engine.epoch), stream };
  const app = new Hono();

  app.use(async (context, next) => {
    checkCaller(context.req.raw);
    await next();
    context.res.headers.set('X-Content-Type-Options', 'nosniff');
    if (!context.res.headers.has('Cache-Control')) context.res.headers.set('Cache-Control', 'no-store');
  });
  app.use('/api/*', async (_context, next) => {
    if (stream?.drain?.isDraining === true) throw new StreamError('shutting-down', 'The server is going. Come back.');
    await next();
  });

  app.get('/api/conversations', ({ req }) => listConversations(engine, req.raw));
  app.post('/api/conversations', ({ req }) => createConversation(engine, req.raw));
  app.get('/api/conversations/:id', ({ req }) => getConversation(engine, idIn(req)));
  app.patch('/api/conversations/:id', ({ req }) => changeConversation(engine, idIn(req), req.raw));
  app.delete('/api/conversations/:id', ({ req }) => deleteConversation(engine, idIn(req)));
  app.post('/api/conversations/:id/restore', ({ req }) => restoreConversation(engine, idIn(req)));
  app.get('/api/conversations/:id/events', ({ req }) => followConversation(delivery, idIn(req), req.raw));
  app.post('/api/conversations/:id/messages', ({ req }) => sendMessage(delivery, idIn(req), req.raw));
  app.delete('/api/conversations/:id/messages/:message', ({ req }) =>
    removeMessage(engine, idIn(req), req.param('message')),
  );
  app.post('/api/conversations/:id/messages/:message/restore', ({ req }) =>
    restoreMessage(engine, idIn(req), req.param('message')),
  );
  app.post('/api/conversations/:id/runs', ({ req }) => startRun(delivery, idIn(req), req.raw));
  app.post('/api/runs/:id/stop', ({ req }) => stopRun(engine, parseRunId(req.param('id')), req.raw));
  app.get('/api/models', () => listModels(engine));
  app.get('/healthz', () => Response.json({ status: 'ok' }));

  refuseOtherMethods(app);
  app.onError((error, { req }) => {
    const response = problemOf(error);
    if (response.status >= 500) telemetry({ type: 'request-failed', path: req.path, error });
    return response;
  });
  app.notFound(({ req }) => page?.(req.raw) ?? problemOf(nothingAt(req.path)));
  return app;
}

function idIn(request: { param(name: 'id'): string }): ConversationId {
  return parseConversationId(request.param('id'));
}

/** Answers a known address that is called with another method, and says which it takes. */
function refuseOtherMethods(app: Hono): void {
  const methods = new Map<string, string[]>();
  for (const { path, method } of app.routes) {
    if (method !== 'ALL') methods.set(path, [...(methods.get(path) ?? []), method]);
  }
  for (const [path, allowed] of methods) {
    app.all(path, ({ req }) => {
      const allow = allowed.join(', ');
      const message = `Expected ${allow} at ${show(req.path)}, got ${show(req.method)}.`;
      return problemOf(new StreamError('method-not-allowed', message), { Allow: allow });
    });
  }
}

function nothingAt(path: string): StreamError {
  return new StreamError(
    'route-not-found',
    `Expected an address of the API, such as /api/conversations, or of the page, got ${show(path)}.`,
  );
}
