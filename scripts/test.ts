// Runs every test: sets up what they need, builds, runs Vitest, and ends with the plain count.
// Arguments go to Vitest: `npm test -- --project unit src/sse`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
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
    // Node 22 says of node:sqlite, once a test file, that it is experimental.
    env: { ...process.env, NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --disable-warning=ExperimentalWarning` },
  });
  const { passed, failed, skipped, failures } = countTests();
  for (const failure of failures) process.stdout.write(`\nFAILED ${failure.replaceAll('\n', '\nFAILED   ')}\n`);
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}\n`);
  // A runner that dies without a report has failed, whatever it counted.
  process.exitCode = status === 0 && passed > 0 && failed === 0 ? 0 : 1;
}

/** Vitest's own format. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: ReadonlyArray<{ fullName: string; status: string; failureMessages: readonly string[] }>;
  }>;
}

/** What the report counts, and each failure with its file, its name and its message. */
function countTests(): { passed: number; failed: number; skipped: number; failures: readonly string[] } {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0, failures: ['the runner ended without a report'] };
  const result = JSON.parse(readFileSync(report, 'utf8')) as Report;
  // A file that cannot be loaded has no tests that could fail.
  const broken = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failures = result.testResults.flatMap((file) => {
    const path = relative(root, file.name);
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    return failed.map((test) => `${path} > ${test.fullName}\n${test.failureMessages.join('\n')}`);
  });
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + broken.length,
    skipped: result.numPendingTests,
    failures: [...failures, ...broken.map((file) => `${relative(root, file.name)}\n${file.message}`)],
  };
}
