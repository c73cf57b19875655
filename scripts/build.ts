// Builds dist/: the program and the library by tsc, the page by Vite.
// With --if-needed only where a source is newer than the last build.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as buildPage } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built');
const sources = ['src', 'web', 'package.json', 'package-lock.json', 'tsconfig.base.json', 'tsconfig.build.json'];

export async function run(args: readonly string[]): Promise<void> {
  await (args.includes('--if-needed') ? buildIfNeeded() : build());
}

async function build(): Promise<void> {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  await buildPage({ root: join(root, 'web'), logLevel: 'warn' });
  // Last, so that a build that was cut in the middle is made again.
  writeFileSync(stamp, '');
}

export async function buildIfNeeded(): Promise<void> {
  if (isBuilt()) return;
  process.stdout.write('Building Verbatim (once; some seconds)…\n');
  await build();
}

function isBuilt(): boolean {
  if (!existsSync(stamp)) return false;
  const builtMs = statSync(stamp).mtimeMs;
  return sources.every((source) => newest(join(root, source)) <= builtMs);
}

/** When the file, or anything below the folder, last changed; folders too, so that a deletion counts. */
function newest(path: string): number {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), mtimeMs);
}
