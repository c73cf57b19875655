// verbatim serve: the page and the API on this machine.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { openLog, type Log } from '../../log.ts';
import { discoverModels, type Discovery } from '../../models.ts';
import {
  createVerbatim,
  isLoopbackHost,
  messageOf,
  StreamError,
  type NodeHandler,
  type TelemetryEvent,
} from '../../server.ts';
import { listen, type Listening } from '../listen.ts';
import { storeOption } from '../store-option.ts';

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly store: string;
  readonly model: string;
}

// Chosen: in all within the 10 s after which Docker kills. Nothing of it is needed where nothing hangs.
const drainMs = 6_000;
const hangUpMs = 1_000;
const shutDownMs = 9_000;

export function serveCommand(): Command {
  return new Command('serve')
    .description('Serve the page and the API.')
    .addOption(new Option('--port <number>', 'port to listen on').env('PORT').default(8080).argParser(parsePort))
    .addOption(new Option('--host <name>', 'address to listen on').env('HOST').default('localhost'))
    .addOption(storeOption())
    .addOption(
      new Option('--model <provider/name>', 'model that answers where none is chosen')
        .env('VERBATIM_MODEL')
        .default('demo/tour'),
    )
    .action(async (options: ServeOptions) => serve(options));
}

async function serve(options: ServeOptions): Promise<void> {
  if (!isLoopbackHost(options.host)) {
    throw new StreamError(
      'invalid-input',
      `Expected --host to be this machine alone (localhost, 127.0.0.1 or ::1), got "${options.host}". ` +
        'There is no login yet, so that anyone who can reach another address could read every conversation. ' +
        'From another machine, use a tunnel: ssh -L 8080:localhost:8080 <this machine>.',
    );
  }
  let handler: NodeHandler = answerStarting;
  const listening = await listen(options, (request, response) => handler(request, response));
  let log: Log | undefined;
  try {
    const discovery = await discoverModels({ env: process.env, ownPort: listening.port });
    checkModel(discovery, options.model);
    log = await openLog(options.store);
    const verbatim = await createVerbatim(
      { log, models: discovery.catalogue, defaultModel: options.model, pageFolder: findPage(), drainMs },
      { telemetry: report },
    );
    handler = verbatim.node;
    closeOnSignal({ listening, log, close: () => verbatim.close() });
    announce({ options, port: listening.port, discovery, recovered: verbatim.recovered });
  } catch (error) {
    await listening.close(0);
    await log?.close();
    throw error;
  }
}

function answerStarting(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { 'Retry-After': '1', 'Content-Type': 'text/plain' }).end('Starting. Try again.\n');
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^[0-9]+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Expected a number from 0 (any free port) to 65535.');
}

function checkModel({ catalogue, warnings }: Discovery, id: string): void {
  if (catalogue.find(id) !== undefined) return;
  const known = catalogue.list().map((model) => model.id);
  throw new StreamError(
    'model-not-found',
    [
      `Expected --model to be a model that is found here, got "${id}". Choose one of: ${known.join(', ')}.`,
      ...warnings,
    ].join('\n'),
  );
}

/** The built page: from dist/cli/commands/ it is beside, from source it is in the build's folder. */
function findPage(): string {
  return fileURLToPath(new URL('../../../dist/web', import.meta.url));
}

function announce(ready: { options: ServeOptions; port: number; discovery: Discovery; recovered: number }): void {
  const { options, port, discovery, recovered } = ready;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const models = discovery.catalogue.list();
  const real = models.filter((model) => !model.demo).map((model) => model.id);
  const demo = models.filter((model) => model.demo).map((model) => model.id);
  const lines = [
    `Verbatim is ready on http://${host}:${port}`,
    '',
    `  Store   ${describeStore(options.store)}`,
    `  Models  ${describeModels(real)}`,
    `          ${demo.join(', ')} (demo models: not AI)`,
    `  Default ${options.model}`,
    ...discovery.warnings.map((warning) => `  Note    ${warning}`),
    ...(recovered === 0
      ? []
      : [`  Resumed ${recovered} ${recovered === 1 ? 'answer that was' : 'answers that were'} cut`]),
    '',
    'Press Ctrl+C to stop. Answers that are being written go on at the next start.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describeStore(url: string): string {
  const path = url.replace(/^sqlite:/, '').replace(/\?.*$/, '');
  if (path === url || path === ':memory:') return `${url} (not kept when the server stops)`;
  return isAbsolute(path) ? path : resolve(path);
}

function describeModels(real: readonly string[]): string {
  if (real.length === 0) return 'no language model found: set OPENAI_API_KEY or OPENAI_BASE_URL, or start Ollama';
  const shown = real.slice(0, 8).join(', ');
  return real.length > 8 ? `${shown} and ${real.length - 8} more` : shown;
}

function report(event: TelemetryEvent): void {
  if (event.type === 'request-failed') process.stderr.write(`${event.path} failed: ${describe(event.error)}\n`);
  if (event.type === 'background-failed') process.stderr.write(`${event.task} failed: ${describe(event.error)}\n`);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

function closeOnSignal(server: { listening: Listening; log: Log; close: () => Promise<void> }): void {
  let closing = false;
  const onSignal = (): void => {
    if (closing) leaveAtOnce(); // Asked twice. What is in the log is safe either way.
    closing = true;
    void shutDown(server);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}

async function shutDown(server: { listening: Listening; log: Log; close: () => Promise<void> }): Promise<void> {
  setTimeout(() => {
    process.stderr.write('The shutdown took too long, and is cut short. What is in the store is safe.\n');
    leaveAtOnce();
  }, shutDownMs);
  try {
    await server.close();
    await server.listening.close(hangUpMs);
    await server.log.close();
    process.exit(0);
  } catch (error) {
    process.stderr.write(`The shutdown failed: ${describe(error)}\n`);
    leaveAtOnce();
  }
}

/** An exit would wait for the store's threads, which may be what hangs. */
function leaveAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}
