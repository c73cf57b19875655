// GET /api/conversations
import type { Engine } from '../../engine/engine.ts';
import { parseListQuery } from '../input.ts';

export async function listConversations(engine: Engine, request: Request): Promise<Response> {
  const { rows, next } = await engine.list(parseListQuery(request));
  return Response.json({ conversations: rows.map(({ stream, ...row }) => ({ id: stream, ...row })), next });
}
