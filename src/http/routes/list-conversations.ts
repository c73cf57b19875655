// GET /api/conversations
import type { Engine } from '../../engine/engine.ts';

export async function listConversations(engine: Engine): Promise<Response> {
  const rows = await engine.list();
  return Response.json({ conversations: rows.map(({ stream, ...row }) => ({ id: stream, ...row })) });
}
