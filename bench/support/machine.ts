// What a number depends on besides the code: the day, the machine and the versions of the packages.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

export function describeRun(command: string, packages: readonly string[]): string {
  const memoryGib = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `- Command: \`${command}\``,
    `- Date: ${new Date().toISOString().slice(0, 10)}`,
    `- Machine: ${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown CPU'}, ${memoryGib} GiB, Node ${process.version}`,
    ...(packages.length === 0
      ? []
      : [`- Packages: ${packages.map((name) => `${name} ${versionOf(name)}`).join(', ')}`]),
  ].join('\n');
}

/** From the file, for not every package exports its own. */
function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version; // As npm writes it.
}
