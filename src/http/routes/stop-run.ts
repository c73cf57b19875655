// POST /api/runs/:id/stop
import type { RunId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';
import { parseBody, parseSeen, stopSchema } from '../input.ts';

export async function stopRun(engine: Engine, id: RunId, request: Request): Promise<Response> {
  const { seen } = await parseBody(request, stopSchema);
  const run = await engine.stop(id, { seen: parseSeen(seen, engine.epoch) });
  return Response.json({ run }, { status: 202 });
}
