// What the log is measured beside and npm ci does not bring: lmdb, installed into a folder of its own,
// and a Redis server, where one is found or Debian's packages can be unpacked.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const peersFolder = fileURLToPath(new URL('../../.cache/bench-peers/', import.meta.url));

const lmdbVersion = '3.5.6'; // Not in the lock file: npm ci fails on it where a platform has no binary.
const redisFolder = join(peersFolder, 'redis');
const redisPackages = ['redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];

export interface Peer {
  /** As the report calls it; undefined where it could not be had. */
  readonly version: string | undefined;
  /** Why not. */
  readonly missing: string;
}

export function installLmdb(): Peer {
  const manifest = join(peersFolder, 'node_modules/lmdb/package.json');
  if (!existsSync(manifest)) {
    mkdirSync(peersFolder, { recursive: true });
    const words = ['install', '--silent', '--no-save', '--no-audit', '--no-fund', '--prefix', peersFolder];
    spawnSync('npm', [...words, `lmdb@${lmdbVersion}`], { stdio: 'ignore', timeout: 60_000 });
  }
  if (!existsSync(manifest)) return { version: undefined, missing: 'npm could not install it' };
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }; // As npm writes it.
  return { version, missing: '' };
}

export interface RedisProgram extends Peer {
  readonly path: string;
}

/** `REDIS_SERVER`, else the program on the PATH, else one unpacked from Debian's packages, which needs no root. */
export function findRedis(): RedisProgram {
  const unpacked = join(redisFolder, 'redis-server');
  for (const path of [process.env['REDIS_SERVER'], 'redis-server', unpacked]) {
    const version = path === undefined ? undefined : versionOf(path);
    if (path !== undefined && version !== undefined) return { path, version, missing: '' };
  }
  unpackRedis(unpacked);
  const missing = 'no redis-server on this machine (set REDIS_SERVER to one)';
  return { path: unpacked, version: versionOf(unpacked), missing };
}

function versionOf(path: string): string | undefined {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return / v=(\S+)/.exec(stdout ?? '')?.[1];
}

/** The server and the tool that checks its files are one program, which goes by its name. */
function unpackRedis(program: string): void {
  if (!existsSync('/usr/bin/apt-get')) return;
  mkdirSync(redisFolder, { recursive: true });
  const options = { cwd: redisFolder, stdio: 'ignore', timeout: 60_000 } as const;
  spawnSync('/usr/bin/apt-get', ['download', '-q', ...redisPackages], options);
  for (const file of readdirSync(redisFolder))
    if (file.endsWith('.deb')) spawnSync('/usr/bin/dpkg', ['-x', file, redisFolder], options);
  const script = `#!/bin/bash
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu)
exec -a redis-server "$here/usr/bin/redis-check-rdb" "$@"
`;
  writeFileSync(program, script);
  chmodSync(program, 0o755);
}

export interface RedisServer {
  readonly socketPath: string;
  close(): Promise<void>;
}

/** With every answer flushed, and nothing beside: no snapshots, no TCP port. */
export async function startRedis({ path }: RedisProgram, folder: string): Promise<RedisServer> {
  const socketPath = join(folder, 'redis.sock');
  const always = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--auto-aof-rewrite-percentage', '0'];
  const server = spawn(path, ['--port', '0', '--unixsocket', socketPath, '--dir', folder, ...always], {
    stdio: 'ignore',
  });
  const kill = (): void => void server.kill('SIGKILL');
  process.once('exit', kill);
  for (let tries = 0; !(await canConnect(socketPath)); tries += 1) {
    if (tries > 200 || server.exitCode !== null) throw new Error('The Redis server did not start');
    await sleep(20);
  }
  return {
    socketPath,
    async close() {
      process.off('exit', kill);
      await end(server);
    },
  };
}

async function canConnect(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGKILL'); // Its files are of no use any more.
  await exited;
}
