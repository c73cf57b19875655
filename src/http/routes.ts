// The route table: every address of the API on one screen.
import { Hono } from 'hono';
import { show, StreamError } from '../core/errors.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Engine } from '../engine/engine.ts';
import { createFrames } from './frames.ts';
import { checkCaller } from './guard.ts';
import { parseConversationId, parseRunId } from './input.ts';
import type { Page } from './page.ts';
import { problemOf } from './problem.ts';
import { createConversation } from './routes/create-conversation.ts';
import { followConversation } from './routes/follow-conversation.ts';
import { getConversation } from './routes/get-conversation.ts';
import { listConversations } from './routes/list-conversations.ts';
import { listModels } from './routes/list-models.ts';
import { sendMessage } from './routes/send-message.ts';
import { stopRun } from './routes/stop-run.ts';

export function createRoutes(engine: Engine, deps: { telemetry: Telemetry; page?: Page | undefined }): Hono {
  const { telemetry, page } = deps;
  const delivery = { engine, frames: createFrames(engine.epoch) };
  const app = new Hono();

  app.use(async (context, next) => {
    checkCaller(context.req.raw);
    await next();
    context.res.headers.set('X-Content-Type-Options', 'nosniff');
    if (!context.res.headers.has('Cache-Control')) context.res.headers.set('Cache-Control', 'no-store');
  });

  app.get('/api/conversations', ({ req }) => listConversations(engine, req.raw));
  app.post('/api/conversations', ({ req }) => createConversation(engine, req.raw));
  app.get('/api/conversations/:id', ({ req }) => getConversation(engine, parseConversationId(req.param('id'))));
  app.post('/api/conversations/:id/messages', ({ req }) =>
    sendMessage(delivery, parseConversationId(req.param('id')), req.raw),
  );
  app.get('/api/conversations/:id/events', ({ req }) =>
    followConversation(delivery, parseConversationId(req.param('id')), req.raw),
  );
  app.post('/api/runs/:id/stop', ({ req }) => stopRun(engine, parseRunId(req.param('id'))));
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
