// POST /api/conversations
import type { Engine } from '../../engine/engine.ts';
import { newConversationSchema, parseBody, parseKey } from '../input.ts';

export async function createConversation(engine: Engine, request: Request): Promise<Response> {
  const body = await parseBody(request, newConversationSchema);
  const conversation = await engine.create(body, { key: parseKey(request.headers) });
  const headers = { Location: `/api/conversations/${conversation.id}` };
  return Response.json(conversation, { status: 201, headers });
}
