// POST /api/conversations/:id/messages
import type { ConversationId } from '../../core/ids.ts';
import { respondAnswers } from '../answers.ts';
import { maxMessageBytes } from '../body.ts';
import type { DeliverDeps } from '../deliver.ts';
import { newMessageSchema, parseBody, parseKey } from '../input.ts';

export async function sendMessage(deps: DeliverDeps, id: ConversationId, request: Request): Promise<Response> {
  const { files, ...body } = await parseBody(request, newMessageSchema, maxMessageBytes);
  const message = { ...body, files: files?.map((file) => ({ type: 'file' as const, ...file })) };
  const started = await deps.engine.send(id, message, { key: parseKey(request.headers) });
  return respondAnswers(deps, { id, started, request });
}
