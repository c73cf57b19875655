// How `npm start` runs a server: docs/guides/store.md, "Memory".
import { readFileSync } from 'node:fs';

const { scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  scripts: { start: string };
};

/** V8's flags, from the script itself. */
export const serverFlags: readonly string[] = scripts.start.split(' ').filter((word) => word.startsWith('--'));
