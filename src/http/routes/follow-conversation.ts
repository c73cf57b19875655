// GET /api/conversations/:id/events
import type { ConversationId } from '../../core/ids.ts';
import { respond } from '../../sse/respond.ts';
import { deliverConversation, type DeliverDeps } from '../deliver.ts';
import { parseReaderCursor } from '../input.ts';

export async function followConversation(deps: DeliverDeps, id: ConversationId, request: Request): Promise<Response> {
  const cursor = parseReaderCursor(request);
  // Before the stream begins: not found is an answer of its own, and not a stream that breaks off.
  const conversation = await deps.engine.load(id);
  return respond(request, ({ signal }) => deliverConversation(deps, { conversation, cursor, signal }), deps.stream);
}
