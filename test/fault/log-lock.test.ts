// Two processes and one store: the second is kept out, however it spells the name, until the first is
// gone; a copy can be made meanwhile.
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { backUpLog, openLog, type Log } from 'verbatim/log';
import { startChild } from '../support/child.ts';
import { dataOf, type Held } from './log/holder.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A process that holds the store and writes; what it was acknowledged counts up. */
async function startHolder(path: string) {
  const child = startChild<Held>(new URL('log/holder.ts', import.meta.url), path);
  const acknowledged = new Map<string, number>();
  let count = 0;
  let wake = Promise.withResolvers<void>();
  let hasEnded = false;
  async function hear(): Promise<void> {
    for await (const { stream, offset } of child.messages) {
      acknowledged.set(stream, offset);
      count += 1;
      wake.resolve();
      wake = Promise.withResolvers();
    }
    hasEnded = true;
    wake.resolve();
  }
  const heard = hear();
  async function die(): Promise<void> {
    child.process.kill('SIGKILL');
    await Promise.all([heard, child.exited]);
  }
  /** Until so many more were acknowledged. */
  async function writes(more: number): Promise<void> {
    for (const until = count + more; count < until && !hasEnded;) await wake.promise;
    if (hasEnded) throw new Error(`the holder is gone: ${child.stderr()}`);
  }
  onTestFinished(die);
  await writes(20);
  return { acknowledged, writes, die };
}

async function expectAll(log: Log, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  for (const [stream, least] of acknowledged) {
    let offset = 0;
    for (let entries = await log.read(stream, { after: 0 }); entries.length > 0;) {
      for (const entry of entries) {
        offset += 1;
        if (entry.offset !== offset || entry.data !== dataOf({ stream, offset })) expect.fail(`${stream} at ${offset}`);
      }
      entries = await log.read(stream, { after: offset });
    }
    expect(offset, stream).toBeGreaterThanOrEqual(least);
  }
}

async function refusal(path: string): Promise<{ code: string; message: string }> {
  try {
    await using log = await openLog(`sqlite:${path}`);
    return { code: `opened, with epoch ${log.epoch}`, message: '' };
  } catch (error) {
    return { code: (error as { code: string }).code, message: String(error) };
  }
}

it('[LOG-LOCK] keeps a second process out, however it names the store, and the first goes on', async () => {
  const folder = newFolder();
  const path = join(folder, 'v.db');
  symlinkSync(path, join(folder, 'link.db'));
  symlinkSync(folder, join(folder, 'here'));
  const holder = await startHolder(path);
  const names = [
    path,
    join(folder, 'link.db'),
    join(folder, 'here', 'v.db'),
    join(folder, 'here', 'link.db'),
    relative(process.cwd(), path),
    `${folder}/./v.db`,
  ];
  for (const name of names) {
    const { code, message } = await refusal(name);
    expect({ name, code }).toEqual({ name, code: 'store-in-use' });
    expect(message).toContain(name);
    await holder.writes(10);
  }
});

it('[LOG-LOCK] keeps a second one out where the first made the store behind a link', async () => {
  const folder = newFolder();
  const link = join(folder, 'link.db');
  mkdirSync(join(folder, 'elsewhere'));
  symlinkSync(join(folder, 'elsewhere', 'v.db'), link);
  const holder = await startHolder(link);
  expect(await refusal(link)).toMatchObject({ code: 'store-in-use' });
  expect(await refusal(join(folder, 'elsewhere', 'v.db'))).toMatchObject({ code: 'store-in-use' });
  await holder.writes(10);
});

it('[LOG-LOCK] keeps out the same process, too, and lets it in when the first is closed', async () => {
  const path = join(newFolder(), 'v.db');
  {
    await using log = await openLog(`sqlite:${path}`);
    await log.append('s', [{ type: 't', data: 'a' }]);
    expect(await refusal(path)).toMatchObject({ code: 'store-in-use' });
    expect(await log.append('s', [{ type: 't', data: 'b' }])).toMatchObject({ first: 2 });
  }
  await using log = await openLog(`sqlite:${path}`);
  expect(await log.head('s')).toBe(2);
});

it('[LOG-LOCK] [LOG-TAKEOVER] lets the next in as soon as the first is killed, and gives it what that held', async () => {
  const path = join(newFolder(), 'v.db');
  for (let round = 0; round < 3; round += 1) {
    const holder = await startHolder(path);
    await holder.die();
    await using log = await openLog(`sqlite:${path}`);
    await expectAll(log, holder.acknowledged);
    expect(await log.leases.expired()).toEqual(['lease']);
    expect((await log.leases.acquire('lease', { ttlMs: 1 }))?.epoch).toBe(2 * round + 2);
  }
});

it('[LOG-LOCK] gives one store to one of many who come at once', async () => {
  const path = join(newFolder(), 'v.db');
  const opened = await Promise.allSettled(Array.from({ length: 5 }, () => openLog(`sqlite:${path}`)));
  const logs = opened.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  const refused = opened
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }: { reason: unknown }) => reason);
  expect(logs).toHaveLength(1);
  for (const reason of refused) expect(reason).toMatchObject({ code: 'store-in-use' });
  await logs[0]?.close();
});

it('[LOG-BACKUP] copies a store that another process writes to: all that was acknowledged, and a new epoch', async () => {
  const folder = newFolder();
  const path = join(folder, 'v.db');
  const holder = await startHolder(path);
  const epochs = new Set<string>();
  for (const round of [1, 2, 3]) {
    await holder.writes(300);
    const target = join(folder, `copy ${round}.db`);
    const before = new Map(holder.acknowledged);
    await backUpLog(`sqlite:${path}`, target);
    await expect(backUpLog(`sqlite:${path}`, target)).rejects.toMatchObject({ code: 'invalid-input' });
    expect(existsSync(`${target}.partial`)).toBe(false);
    await holder.writes(10);
    await using copy = await openLog(`sqlite:${target}`);
    await expectAll(copy, before);
    epochs.add(copy.epoch);
    await copy.append('s1', [{ type: 't', data: 'the copy is a store of its own' }]);
  }
  await holder.die();
  await using log = await openLog(`sqlite:${path}`);
  await expectAll(log, holder.acknowledged);
  epochs.add(log.epoch);
  expect(epochs.size).toBe(4);
});
