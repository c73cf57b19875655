// The program: reads the command line and leaves the work to a command.
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { isStreamError } from '../server.ts';
import { backupCommand } from './commands/backup.ts';
import { serveCommand } from './commands/serve.ts';

/** Runs one command; the process ends with 1 after a failure, which is told in a sentence. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader of our output that goes away, such as `head`, must not take the server with it.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const program = new Command('verbatim')
    .description('Durable, resumable streaming of language model answers.')
    .version(readVersion())
    .showHelpAfterError('Run it with --help to see what it takes.')
    .addCommand(serveCommand())
    .addCommand(backupCommand());
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!isStreamError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { version: string }; // Our own manifest.
  return manifest.version;
}
