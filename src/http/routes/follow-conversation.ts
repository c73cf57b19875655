// GET /api/conversations/:id/events
import type { ConversationId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';
import { respond } from '../../sse/respond.ts';
import { deliverConversation } from '../deliver.ts';
import { parseReaderCursor } from '../input.ts';

export async function followConversation(engine: Engine, id: ConversationId, request: Request): Promise<Response> {
  const cursor = parseReaderCursor(request);
  // Before the stream begins: not found is an answer of its own, and not a stream that breaks off.
  const conversation = await engine.load(id);
  return respond(request, ({ signal }) => deliverConversation(engine, { conversation, cursor, signal }));
}
