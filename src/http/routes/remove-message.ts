// DELETE /api/conversations/:id/messages/:message
import type { ConversationId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';

export async function removeMessage(engine: Engine, id: ConversationId, message: string): Promise<Response> {
  return Response.json(await engine.removeMessage(id, message));
}
