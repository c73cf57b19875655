// A disk that is full, or has so much room, whoever runs this: a small file system of its own, or else
// the kernel's bound of a file's size for this process.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Room {
  /** `disk`: the folder is a file system of its own. `limit`: it is not. */
  readonly type: 'disk' | 'limit';
  readonly folder: string;
}

/** Leaves so many bytes free, from now on; Infinity for all that there is. */
export function setRoom({ type, folder }: Room, bytes: number): void {
  if (type === 'disk') fillDisk(folder, bytes);
  else limitFiles(folder, bytes);
}

function fillDisk(folder: string, bytes: number): void {
  const filler = join(folder, 'filler');
  rmSync(filler, { force: true });
  if (bytes === Infinity) return;
  const piece = Buffer.alloc(64 * 1024);
  const file = openSync(filler, 'w');
  // In pieces: the store may write in the same moment, and what was free is free no more.
  for (let left = freeBytes(folder) - bytes; left > 0; left = freeBytes(folder) - bytes) {
    try {
      writeSync(file, piece, 0, Math.min(piece.length, left));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
  closeSync(file);
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** The largest file may grow by so much, as long as no other does. */
function limitFiles(folder: string, bytes: number): void {
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  const soft = bytes === Infinity ? 'unlimited' : String(Math.max(0, ...sizes) + bytes);
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${soft}:unlimited`]);
}
