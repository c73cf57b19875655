// POST /api/conversations/:id/restore
import type { ConversationId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';

export async function restoreConversation(engine: Engine, id: ConversationId): Promise<Response> {
  return Response.json(await engine.restore(id));
}
