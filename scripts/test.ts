// Runs every test: sets up what they need, builds, runs Vitest, and ends with the plain count.
// Arguments go to Vitest: `npm test -- --project unit src/sse`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.ts';
import { setUpTestEnvironment } from './set-up-test-environment.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const report = join(root, '.cache', 'test-report.json');

export async function run(args: readonly string[]): Promise<void> {
  setUpTestEnvironment();
  await buildIfNeeded();
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  const { passed, failed, skipped } = countTests();
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}\n`);
  // A runner that dies without a report has failed, whatever it counted.
  process.exitCode = status === 0 && passed > 0 && failed === 0 ? 0 : 1;
}

function countTests(): { passed: number; failed: number; skipped: number } {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    testResults: ReadonlyArray<{ status: string; assertionResults: readonly unknown[] }>;
  }; // Vitest's own format.
  // A file that cannot be loaded has no tests that could fail.
  const broken = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + broken.length,
    skipped: result.numPendingTests,
  };
}
