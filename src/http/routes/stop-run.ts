// POST /api/runs/:id/stop
import type { RunId } from '../../core/ids.ts';
import type { Engine } from '../../engine/engine.ts';

export async function stopRun(engine: Engine, id: RunId): Promise<Response> {
  const run = await engine.stop(id);
  return Response.json({ run }, { status: 202 });
}
