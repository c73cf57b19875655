// verbatim backup: a copy of the store, also while a server is at work on it.
import { Command } from 'commander';
import { backUpLog } from '../../log.ts';
import { storeOption } from '../store-option.ts';

export function backupCommand(): Command {
  return new Command('backup')
    .description('Copy the store into a new file, also while a server is at work on it.')
    .argument('<file>', 'the copy; it must not exist yet')
    .addOption(storeOption())
    .action(async (file: string, { store }: { store: string }) => {
      await backUpLog(store, file);
      process.stdout.write(`Copied to ${file}. To use the copy: verbatim serve --store sqlite:${file}\n`);
    });
}
