// POST /api/conversations/:id/messages/:message/restore
import type { ConversationId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';

export async function restoreMessage(engine: Engine, id: ConversationId, message: string): Promise<Response> {
  return Response.json(await engine.restoreMessage(id, message));
}
