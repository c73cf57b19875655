// POST /api/conversations/:id/messages: 202 with the ids, or, where the caller accepts an event
// stream, the answer itself: one request and a very long response.
import type { ConversationId } from '../../core/ids.ts';
import { respond } from '../../sse/respond.ts';
import { deliverAnswer, type DeliverDeps } from '../deliver.ts';
import { newMessageSchema, parseBody, parseKey } from '../input.ts';

export async function sendMessage(deps: DeliverDeps, id: ConversationId, request: Request): Promise<Response> {
  const { text, parent, model } = await parseBody(request, newMessageSchema);
  const message = { text, parent: parent ?? undefined, model: model ?? undefined };
  const sent = await deps.engine.send(id, message, { key: parseKey(request.headers) });
  if (!acceptsEventStream(request.headers.get('Accept'))) {
    const { id: run, status } = sent.run;
    const { message: added, answer, offset } = sent;
    return Response.json({ message: added, answer, run: { id: run, status }, offset }, { status: 202 });
  }
  const messages = [sent.message.id, sent.answer.id];
  const { first, run } = sent;
  return respond(request, ({ signal }) => deliverAnswer(deps, { id, after: first - 1, messages, run: run.id, signal }));
}

function acceptsEventStream(accept: string | null): boolean {
  return (accept ?? '')
    .split(',')
    .some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream');
}
