// Runs bench/<name>.ts on the sources, with the garbage collector in its hands: `npm run bench -- sse`.
// Without a name it lists what there is.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

export async function run([name, ...args]: readonly string[]): Promise<void> {
  const names = readdirSync(join(root, 'bench')).flatMap((file) => /^([a-z-]+)\.ts$/.exec(file)?.[1] ?? []);
  if (name === undefined) {
    process.stdout.write(`${names.map((known) => `npm run bench -- ${known}`).join('\n')}\n`);
    return;
  }
  if (!names.includes(name)) {
    process.stderr.write(`Expected the name of a benchmark (${names.join(', ')}), got ${name}\n`);
    process.exitCode = 1;
    return;
  }
  const flags = ['--conditions=verbatim-source', '--expose-gc'];
  const { status } = spawnSync(process.execPath, [...flags, join(root, 'bench', `${name}.ts`), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
