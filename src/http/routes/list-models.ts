// GET /api/models
import type { Engine } from '../../engine/engine.ts';

export function listModels(engine: Engine): Response {
  return Response.json({ models: engine.models.list(), default: engine.defaultModel });
}
