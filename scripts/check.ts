// Everything that must hold before a commit: format, lint, types, layers, what is unused, tests.
// With --no-tests only what takes seconds.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Step {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

const steps: readonly Step[] = [
  { name: 'format', program: 'oxfmt/bin/oxfmt', args: ['--check'] },
  { name: 'lint', program: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'types', program: 'typescript/bin/tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'types of the page', program: 'typescript/bin/tsc', args: ['-p', 'web/tsconfig.json'] },
  { name: 'unused', program: 'knip/bin/knip.js', args: ['--treat-config-hints-as-errors'] },
];

export async function run(args: readonly string[]): Promise<void> {
  const results: boolean[] = [];
  results.push(await runStep('layers and rules', [join(root, 'scripts', 'run.js'), 'tidy']));
  results.push(await runStep('size', [join(root, 'scripts', 'run.js'), 'size']));
  for (const { name, program, args: words } of steps) {
    results.push(await runStep(name, [join(root, 'node_modules', program), ...words]));
  }
  if (!args.includes('--no-tests')) results.push(await runStep('tests', [join(root, 'scripts', 'run.js'), 'test']));
  const failed = results.filter((passed) => !passed).length;
  process.stdout.write(`\n${results.length - failed} of ${results.length} checks passed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Runs a Node program; its output is shown where it fails, and where it is the tests'. */
async function runStep(name: string, args: readonly string[]): Promise<boolean> {
  const quiet = name !== 'tests';
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
  });
  const output: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => output.push(bytes));
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', resolve);
  const passed = (await promise) === 0;
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  process.stdout.write(`${passed ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
  if (!passed) process.stdout.write(Buffer.concat(output));
  return passed;
}
