// A disk without room. Where a small one can be mounted it is, by whoever may, or in a name space of
// its own; and everywhere the kernel's bound of a file's size does as well.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hearOut, startChild } from '../support/child.ts';
import type { DiskTask } from './log/disk.ts';

interface Way {
  readonly name: string;
  readonly type: 'disk' | 'limit';
  /** Runs a command behind it within the way. */
  readonly wrapper: (folder: string) => readonly string[];
}

const mount = (folder: string): string => `mount -t tmpfs -o size=64m tmpfs '${folder}' && exec "$@"`;
const ways: readonly Way[] = [
  // Mounted for the program alone, and gone with it: as root, and as a user where name spaces are allowed.
  { name: 'a disk', type: 'disk', wrapper: (folder) => ['unshare', '-m', 'sh', '-c', mount(folder), 'sh'] },
  { name: "a user's disk", type: 'disk', wrapper: (folder) => ['unshare', '-rm', 'sh', '-c', mount(folder), 'sh'] },
  { name: 'a bound of files', type: 'limit', wrapper: () => ['prlimit', '--fsize=unlimited:unlimited'] },
];

function works({ wrapper }: Way): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-full-'));
  const [command, ...args] = [...wrapper(folder), 'true'];
  const { status } = spawnSync(command, args);
  rmSync(folder, { recursive: true });
  return status === 0;
}

it('[LOG-FULL] refuses what finds no room, loses nothing, and goes on by itself', async () => {
  const possible = ways.filter(works);
  // One kind of disk is as good as the other.
  const chosen = [possible.find(({ type }) => type === 'disk'), possible.find(({ type }) => type === 'limit')];
  expect(
    possible.map(({ name }) => name),
    'a way to run out of room: util-linux has them',
  ).not.toEqual([]);
  for (const way of chosen) {
    if (way === undefined) continue;
    const folder = mkdtempSync(join(tmpdir(), 'verbatim-full-'));
    const task: DiskTask = { type: 'all', room: { type: way.type, folder } };
    const child = startChild<unknown>(new URL('log/disk.ts', import.meta.url), task, { wrapper: way.wrapper(folder) });
    const { messages, code } = await hearOut(child);
    expect(code, `${way.name}: ${child.stderr()}`).toBe(0);
    process.stdout.write(`${way.name}: ${JSON.stringify(messages)}\n`);
    rmSync(folder, { recursive: true });
  }
}, 240_000);
