// The composition root: a log, models, the engine and the routes become one request handler.
import { systemClock, type Clock } from '../core/clock.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { noTelemetry, type Telemetry } from '../core/telemetry.ts';
import { createEngine } from '../engine/engine.ts';
import type { ModelCatalogue } from '../engine/model.ts';
import type { Log } from '../log/log.ts';
import { createNodeHandler, type NodeHandler } from './node.ts';
import { loadPage } from './page.ts';
import { createRoutes } from './routes.ts';

export interface VerbatimOptions {
  /** Where conversations are kept: `await openLog('sqlite:verbatim.db')`. Stays the caller's to close. */
  readonly log: Log;
  /** Who answers: `(await discoverModels({ env: process.env })).catalogue`. */
  readonly models: ModelCatalogue;
  /** Id of the model that answers where none is chosen. Default: `demo/tour`. */
  readonly defaultModel?: string | undefined;
  /**
   * How long a conversation is left as it was written after its newest entry, in ms; then each answer
   * becomes one entry, and a reader who comes back into its middle is given a snapshot. Default: an hour.
   */
  readonly graceMs?: number | undefined;
  /** Folder of the built page. Default: none, only the API is served. */
  readonly pageFolder?: string | undefined;
}

export interface Verbatim extends AsyncDisposable {
  /** For servers that speak web standards: Hono, Bun, Deno, route handlers. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** For `node:http` and Express. */
  readonly node: NodeHandler;
  /** How many runs that a crash had cut were taken over at the start. */
  readonly recovered: number;
  /** Ends every stream at an event's boundary and leaves every run to be taken over. Idempotent. */
  close(): Promise<void>;
}

/** Starts the engine: runs that were cut go on from here, whether anyone looks or not. */
export async function createVerbatim(
  options: VerbatimOptions,
  deps: { clock?: Clock; random?: Random; telemetry?: Telemetry } = {},
): Promise<Verbatim> {
  const { log, models, defaultModel, graceMs, pageFolder } = options;
  const { clock = systemClock, random = systemRandom, telemetry = noTelemetry } = deps;
  const page = pageFolder === undefined ? undefined : await loadPage(pageFolder);
  const engine = createEngine({ log, models, defaultModel, graceMs }, { clock, random, telemetry });
  const routes = createRoutes(engine, { telemetry, page });
  const recovered = await engine.recover();
  const handle = async (request: Request): Promise<Response> => await routes.fetch(request);
  return {
    fetch: handle,
    node: createNodeHandler(handle),
    recovered,
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  };
}
