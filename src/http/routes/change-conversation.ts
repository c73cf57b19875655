// PATCH /api/conversations/:id
import type { ConversationId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';
import { changeSchema, parseBody, parseKey } from '../input.ts';

export async function changeConversation(engine: Engine, id: ConversationId, request: Request): Promise<Response> {
  const change = await parseBody(request, changeSchema);
  return Response.json(await engine.change(id, change, { key: parseKey(request.headers) }));
}
