// POST /api/conversations/:id/runs: another answer beside one that is there.
import type { ConversationId } from '../../core/ids.ts';
import { respondAnswers } from '../answers.ts';
import type { DeliverDeps } from '../deliver.ts';
import { newRunSchema, parseBody, parseKey } from '../input.ts';

export async function startRun(deps: DeliverDeps, id: ConversationId, request: Request): Promise<Response> {
  const body = await parseBody(request, newRunSchema);
  const started = await deps.engine.regenerate(id, body, { key: parseKey(request.headers) });
  return respondAnswers(deps, { id, started, request });
}
