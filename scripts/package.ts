// Makes what is published, in dist/package: the build, and a manifest without what only this
// repository needs. Its own Node, above all, must not reach those who install Verbatim.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
export const packageFolder = join(root, 'dist', 'package');

export async function run(): Promise<void> {
  await buildIfNeeded();
  makePackage();
  process.stdout.write('Made dist/package. Publish it with: npm publish ./dist/package\n');
}

/** Expects a build. */
export function makePackage(): void {
  rmSync(packageFolder, { recursive: true, force: true });
  mkdirSync(packageFolder, { recursive: true });
  for (const name of ['bin', 'LICENSE', 'README.md', 'CHANGELOG.md'])
    cpSync(join(root, name), join(packageFolder, name), { recursive: true });
  for (const name of readdirSync(join(root, 'dist'))) {
    if (name === basename(packageFolder) || name === '.built') continue;
    cpSync(join(root, 'dist', name), join(packageFolder, 'dist', name), { recursive: true });
  }
  writeFileSync(join(packageFolder, 'package.json'), `${JSON.stringify(publishedManifest(), null, 2)}\n`);
}

interface Manifest {
  exports: Record<string, string | Record<string, string>>;
  [field: string]: unknown;
}

function publishedManifest(): Manifest {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest; // Our own.
  const {
    private: _private,
    scripts: _scripts,
    devDependencies: _dev,
    optionalDependencies: _node,
    ...published
  } = manifest;
  for (const entry of Object.values(published.exports)) {
    if (typeof entry === 'object') delete entry['verbatim-source']; // src/ is not in the package.
  }
  return published;
}
