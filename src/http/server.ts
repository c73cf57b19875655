// The composition root: a log, models, the engine and the routes become one request handler.
import { systemClock, type Clock } from '../core/clock.ts';
import { systemRandom, type Random } from '../core/random.ts';
import { noTelemetry, type Telemetry } from '../core/telemetry.ts';
import { createEngine, type EngineOptions } from '../engine/engine.ts';
import { createDrain } from '../sse/drain.ts';
import { createNodeHandler, type NodeHandler } from './node.ts';
import { loadPage } from './page.ts';
import { createRoutes } from './routes.ts';

/**
 * What it takes: where conversations are kept, `log: await openLog('sqlite:verbatim.db')`, which stays the
 * caller's to close, and who answers, `models: (await discoverModels({ env: process.env })).catalogue`.
 */
export interface VerbatimOptions extends EngineOptions {
  /** Folder of the built page. Default: none, only the API is served. */
  readonly pageFolder?: string | undefined;
  /** How long `close` takes at most, in ms, whatever hangs. Default: 10,000. */
  readonly drainMs?: number | undefined;
}

export interface Verbatim extends AsyncDisposable {
  /** For servers that speak web standards: Hono, Bun, Deno, route handlers. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** For `node:http` and Express. */
  readonly node: NodeHandler;
  /** How many runs that a crash had cut were taken over at the start. */
  readonly recovered: number;
  /**
   * Refuses what comes, ends every stream with `bye` and leaves every run to be taken over. Resolves when
   * that is done, at the latest after `drainMs`. Idempotent.
   */
  close(): Promise<void>;
}

const defaultDrainMs = 10_000; // Chosen: what a slow phone needs for its last event, and a full disk for a last commit.

/** Starts the engine: runs that were cut go on from here, whether anyone looks or not. */
export async function createVerbatim(
  options: VerbatimOptions,
  deps: { clock?: Clock; random?: Random; telemetry?: Telemetry } = {},
): Promise<Verbatim> {
  const { pageFolder, drainMs = defaultDrainMs, ...engineOptions } = options;
  const { clock = systemClock, random = systemRandom, telemetry = noTelemetry } = deps;
  const page = pageFolder === undefined ? undefined : await loadPage(pageFolder);
  const engine = createEngine(engineOptions, { clock, random, telemetry });
  // When the engine closes streams end by themselves. Those that do not, all at one time.
  const drain = createDrain({ clock, random: { float: () => 1 } });
  const routes = createRoutes(engine, { telemetry, page, stream: { drain, clock, random } });
  const recovered = await engine.recover();
  const handle = async (request: Request): Promise<Response> => await routes.fetch(request);
  let closing: Promise<void> | undefined;

  function close(): Promise<void> {
    closing ??= within(drainMs, clock, Promise.all([drain.begin({ overMs: drainMs / 2 }), engine.close()]));
    return closing;
  }

  return { fetch: handle, node: createNodeHandler(handle), recovered, close, [Symbol.asyncDispose]: close };
}

/** Resolves when the work is done, or after `ms`. */
async function within(ms: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = clock.setTimer(ms, resolve);
  work.then(() => resolve(), reject);
  try {
    await promise;
  } finally {
    timer.cancel();
  }
}
