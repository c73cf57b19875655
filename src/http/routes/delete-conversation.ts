// DELETE /api/conversations/:id
import type { ConversationId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';

export async function deleteConversation(engine: Engine, id: ConversationId): Promise<Response> {
  await engine.delete(id);
  return new Response(null, { status: 204 });
}
