// Where the stores' files are: on the project's disk, for a file system in memory has nothing to flush.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const parent = fileURLToPath(new URL('../../.cache/bench-log/', import.meta.url));

/** An empty folder, which is removed once `use` is done with it. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'run-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The file system that the folders are on, such as `ext4 on /dev/vda`. */
export function describeDisk(): string {
  mkdirSync(parent, { recursive: true });
  const place = realpathSync(parent);
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '));
    const [device, , type] =
      mounts
        .filter(([, point = '']) => point === '/' || `${place}/`.startsWith(`${point}/`))
        .toSorted(([, a = ''], [, b = '']) => b.length - a.length)[0] ?? [];
    return `${type} on ${device}`;
  } catch {
    return 'unknown file system';
  }
}
