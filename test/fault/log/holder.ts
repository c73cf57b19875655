// Opens a store and appends to it until it is killed: `node holder.ts <the store's path as JSON>`. It
// says what was acknowledged: a stream's offset.
import { writeSync } from 'node:fs';
import { openLog } from 'verbatim/log';

export interface Held {
  readonly stream: string;
  readonly offset: number;
}

export const dataOf = ({ stream, offset }: Held): string => `${stream} at ${offset} `.repeat(offset % 300);

async function hold(path: string): Promise<void> {
  const log = await openLog(`sqlite:${path}`);
  await log.leases.acquire('lease', { ttlMs: 3_600_000 });
  async function write(stream: string): Promise<never> {
    for (let offset = (await log.head(stream)) + 1; ; offset += 1) {
      await log.append(stream, [{ type: 't', data: dataOf({ stream, offset }) }], { expectedOffset: offset - 1 });
      writeSync(3, `${JSON.stringify({ stream, offset } satisfies Held)}\n`);
    }
  }
  await Promise.all(['s1', 's2', 's3', 's4'].map(write));
}

if (import.meta.main) await hold(JSON.parse(process.argv[2] ?? '') as string);
