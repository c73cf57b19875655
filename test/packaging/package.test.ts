// What is published: installed as a stranger would, imported entry by entry.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makePackage, packageFolder } from '../../scripts/package.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let installed: string;
let manifest: { exports: Record<string, unknown>; dependencies: Record<string, string> } & Record<string, unknown>;

beforeAll(() => {
  makePackage();
  folder = mkdtempSync(join(tmpdir(), 'verbatim-package-'));
  installed = join(folder, 'node_modules', 'verbatim');
  mkdirSync(installed, { recursive: true });
  // A package of its own: else Node takes the nearest manifest above, and where that is called `verbatim`
  // the name means that one itself, not what is installed.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'stranger', private: true }));
  cpSync(packageFolder, installed, { recursive: true });
  manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')); // oxlint-disable-line typescript/no-unsafe-assignment -- Checked below.
  // Only what the manifest asks for can be found from there.
  for (const name of Object.keys(manifest.dependencies)) {
    const target = join(folder, 'node_modules', name);
    mkdirSync(join(target, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), target);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('brings no Node of its own, no scripts and no sources', () => {
  for (const field of ['private', 'scripts', 'devDependencies', 'optionalDependencies'])
    expect(manifest[field]).toBeUndefined();
  expect(JSON.stringify(manifest)).not.toContain('src/');
  expect(readdirSync(installed).toSorted()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'package.json',
  ]);
});

it('gives every entry that its manifest names, with types, and without React but for one', () => {
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (entry === './package.json' || entry === './react') continue;
    expect(target).toEqual({ types: expect.stringMatching(/\.d\.ts$/), default: expect.stringMatching(/\.js$/) });
    const name = entry.replace(/^\./, 'verbatim');
    const script = `const entry = await import('${name}'); process.stdout.write(String(Object.keys(entry).length));`;
    const count = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(Number(count)).toBeGreaterThan(0);
  }
});

it('starts as a program', () => {
  const output = execFileSync(process.execPath, [join(installed, 'bin', 'verbatim.js'), '--version'], {
    encoding: 'utf8',
  });
  expect(output.trim()).toBe(manifest['version']);
});

it('keeps a store, with the thread that this takes, and copies it', () => {
  const script = `
    import { backUpLog, openLog } from 'verbatim/log';
    const log = await openLog('sqlite:store.db');
    await log.append('s', [{ type: 't', data: 'kept' }]);
    await backUpLog('sqlite:store.db', 'copy.db');
    await log.close();
    const copy = await openLog('sqlite:copy.db');
    process.stdout.write((await copy.read('s', { after: 0 }))[0].data);
    await copy.close();
  `;
  writeFileSync(join(folder, 'keep.mjs'), script);
  expect(execFileSync(process.execPath, ['keep.mjs'], { cwd: folder, encoding: 'utf8' })).toBe('kept');
});

it('keeps Node out of what runs in a browser', () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
      expect(specifier, file).toMatch(/^\./);
      visit(join(file, '..', specifier));
    }
  };
  for (const entry of ['sse.js', 'client.js']) visit(join(installed, 'dist', entry));
  expect(seen.size).toBeGreaterThan(10);
});
