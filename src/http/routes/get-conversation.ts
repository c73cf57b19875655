// GET /api/conversations/:id
import type { ConversationId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';

export async function getConversation(engine: Engine, id: ConversationId): Promise<Response> {
  return Response.json(await engine.load(id));
}
