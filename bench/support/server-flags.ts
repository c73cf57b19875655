// How Node is run for what is measured: docs/guides/store.md, "Memory", says why.
import { readFileSync } from 'node:fs';

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  scripts: { start: string };
};

/** V8's flags of `npm start`: for a whole server. */
export const serverFlags: readonly string[] = scripts.start.split(' ').filter((word) => word.startsWith('--'));

/** For a process in which nothing lives for longer than a commit or a write. */
export const smallFlags: readonly string[] = ['--max-semi-space-size=4', '--no-parallel-scavenge'];
