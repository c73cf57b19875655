import { defineConfig } from 'vitest/config';

// `verbatim-source` resolves the package's own name to src/, so that nothing needs a build but what tests one.
const conditions = ['verbatim-source', 'node'];

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
};

// What ends a test that hangs. Far more than any takes, for it tells nothing of speed: on a machine that
// is at work on other things too, a second's work takes ten.
const timeoutMs = 60_000;

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'web/src/**/*.test.{ts,tsx}'],
          testTimeout: timeoutMs,
          hookTimeout: timeoutMs,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['test/{adapters,conformance,e2e,fault,packaging}/**/*.test.ts', 'examples/**/*.test.ts'],
          testTimeout: timeoutMs,
          hookTimeout: timeoutMs,
        },
      },
      {
        ...shared,
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          testTimeout: timeoutMs,
        },
      },
      {
        ...shared,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          // Each file starts a browser of its own; one at a time keeps a small machine honest.
          fileParallelism: false,
        },
      },
    ],
  },
});
