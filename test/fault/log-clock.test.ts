// A machine's clock is set an hour on and back while a store is at work. It decides when a lease runs
// out, and what a list and an entry say of when; never what is written, where, or by whom.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openLog, type IndexRow, type Log } from 'verbatim/log';
import { createFakeClock, createSeededRandom } from 'verbatim/testing';

const hourMs = 3_600_000;
const startMs = 1_800_000_000_000;
const seed = Number(process.env['VERBATIM_SEED'] ?? 20_261_126);
const one = (data: string) => [{ type: 't', data }];

async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'verbatim-clock-'));
  const clock = createFakeClock(startMs);
  const logs: Log[] = [];
  onTestFinished(async () => {
    for (const log of logs) await log.close();
    rmSync(folder, { recursive: true });
  });
  return {
    clock,
    async open(): Promise<Log> {
      for (const log of logs.splice(0)) await log.close();
      const log = await openLog(`sqlite:${join(folder, 'v.db')}`, { clock });
      logs.push(log);
      return log;
    },
  };
}

/** All rows of the list, a page at a time; `between` is done behind each page. */
async function listAll(log: Log, limit: number, between: () => void): Promise<IndexRow[]> {
  const rows: IndexRow[] = [];
  let pageToken: string | undefined;
  do {
    const page = await log.list('o', { limit, pageToken });
    rows.push(...page.rows);
    pageToken = page.next ?? undefined;
    between();
  } while (pageToken !== undefined);
  return rows;
}

it('[LOG-OFFSET] [LOG-ENTRY] writes, moves into pages, trims and reads on, whatever the clock says', async () => {
  const random = createSeededRandom(seed);
  const { clock, open: reopen } = await open();
  let log = await reopen();
  const streams = ['s0', 's1', 's2'];
  const heads = new Map(streams.map((stream) => [stream, 0]));
  const seen = new Map<string, number[]>(streams.map((stream) => [stream, []]));
  async function follow(from: Log, stream: string): Promise<void> {
    const offsets = seen.get(stream) ?? [];
    for await (const entries of from.follow(stream, { after: offsets.at(-1) ?? 0 })) {
      offsets.push(...entries.map(({ offset }) => offset));
    }
  }
  let following = streams.map((stream) => follow(log, stream));
  for (let step = 0; step < 300; step += 1) {
    clock.jump(startMs + Math.floor((random.float() - 0.5) * 2 * hourMs));
    const stream = streams[Math.floor(random.float() * 3)] ?? 's0';
    const head = heads.get(stream) ?? 0;
    const { first } = await log.append(stream, one(`${stream}.${head + 1}`), {
      key: `key ${head + 1}`,
      expectedOffset: head,
    });
    expect(first, `seed ${seed}, step ${step}`).toBe(head + 1);
    heads.set(stream, first);
    // What is old enough is moved into pages: by the time that passes, not by what the clock says.
    if (step % 20 === 19) await clock.advance(10_000);
    if (step % 100 === 99) {
      log = await reopen();
      await Promise.all(following);
      following = streams.map((name) => follow(log, name));
    }
  }
  for (const stream of streams) {
    const head = heads.get(stream) ?? 0;
    const entries = await log.read(stream, { after: 0 });
    expect(
      entries.map(({ offset, data }) => `${offset} ${data}`),
      `seed ${seed}`,
    ).toEqual(Array.from({ length: head }, (_, index) => `${index + 1} ${stream}.${index + 1}`));
    expect(new Set(entries.map(({ atMs }) => atMs < startMs)).size, 'times go back and forth').toBe(2);
    expect(await log.append(stream, one('again'), { key: 'key 1' })).toEqual({ first: 1, last: 1, replayed: true });
  }
  await log.close();
  await Promise.all(following);
  for (const stream of streams) {
    expect(seen.get(stream), `seed ${seed}, ${stream}`).toEqual(
      Array.from({ length: heads.get(stream) ?? 0 }, (_, index) => index + 1),
    );
  }
});

it('[LOG-LEASE-CLOCK] fences whoever lost a lease early, by a clock that was set on', async () => {
  const { clock, open: reopen } = await open();
  const log = await reopen();
  const old = await log.leases.acquire('l', { ttlMs: 30_000 });
  if (old === null) throw new Error('a free lease is given');
  await log.append('s', one('old'), { lease: old });
  clock.jump(startMs + hourMs);
  expect(await log.leases.expired()).toEqual(['l']);
  const next = await log.leases.acquire('l', { ttlMs: 30_000 });
  expect(next?.epoch).toBeGreaterThan(old.epoch);
  await expect(log.append('s', one('zombie'), { lease: old })).rejects.toMatchObject({ code: 'lease-lost' });
  expect(await log.leases.renew(old, { ttlMs: 30_000 })).toBeNull();
  await log.leases.release(old);
  // Set right again: the new holder's lease only lasts longer, and there is still one.
  clock.jump(startMs);
  expect(await log.leases.acquire('l', { ttlMs: 30_000 })).toBeNull();
  await expect(log.append('s', one('zombie'), { lease: old })).rejects.toMatchObject({ code: 'lease-lost' });
  await log.append('s', one('new'), { lease: next ?? undefined });
  expect((await log.read('s', { after: 0 })).map(({ data }) => data)).toEqual(['old', 'new']);
});

it('[LOG-LEASE-CLOCK] has one holder while the clock goes back, who can still give the lease up', async () => {
  const { clock, open: reopen } = await open();
  let log = await reopen();
  const lease = await log.leases.acquire('l', { ttlMs: 30_000 });
  if (lease === null) throw new Error('a free lease is given');
  clock.jump(startMs - hourMs);
  expect(await log.leases.acquire('l', { ttlMs: 30_000 })).toBeNull();
  expect(await log.leases.expired()).toEqual([]);
  const renewed = await log.leases.renew(lease, { ttlMs: 30_000 });
  expect(renewed).toMatchObject({ epoch: lease.epoch, expiresAtMs: startMs - hourMs + 30_000 });
  clock.jump(startMs);
  expect(await log.leases.expired()).toEqual(['l']);
  // Another process starts in another time: what the dead one held is over all the same.
  clock.jump(startMs - hourMs);
  log = await reopen();
  expect(await log.leases.expired()).toEqual(['l']);
  expect((await log.leases.acquire('l', { ttlMs: 1 }))?.epoch).toBeGreaterThan(lease.epoch);
});

it('[LOG-PAGE] lists every row once while the clock goes back and forth', async () => {
  const random = createSeededRandom(seed);
  const { clock, open: reopen } = await open();
  const log = await reopen();
  const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
  for (const name of names) {
    clock.jump(startMs + Math.floor((random.float() - 0.5) * 4) * hourMs); // Some at the same moment.
    await log.append(name, one('a'), { index: { owner: 'o', title: name } });
  }
  for (const limit of [1, 3, 7, 100]) {
    const rows = await listAll(log, limit, () => clock.jump(startMs + (random.float() - 0.5) * hourMs));
    expect(rows.map(({ stream }) => stream).toSorted(), `seed ${seed}, pages of ${limit}`).toEqual(names.toSorted());
    expect(rows.map(({ updatedAtMs }) => updatedAtMs)).toEqual(
      rows.map(({ updatedAtMs }) => updatedAtMs).toSorted((a, b) => b - a),
    );
  }
});

it('[LOG-UNTRIMMED] names what is to be trimmed, also where its time lies in the future', async () => {
  const { clock, open: reopen } = await open();
  const log = await reopen();
  clock.jump(startMs + hourMs);
  await log.append('future', one('a'));
  clock.jump(startMs);
  await log.append('now', one('a'));
  clock.jump(startMs - hourMs);
  await log.append('past', one('a'));
  clock.jump(startMs + 60_000);
  for (const state of ['in the journal', 'in pages']) {
    expect(await log.untrimmed({ quietSinceMs: startMs + 1, limit: 10 }), state).toEqual(['past', 'now']);
    expect(await log.untrimmed({ quietSinceMs: startMs + hourMs + 1, limit: 10 }), state).toEqual([
      'past',
      'now',
      'future',
    ]);
    await clock.advance(10_000);
    await log.append(`behind ${state}`, one('a')); // Behind it all is in pages.
    await log.delete(`behind ${state}`);
  }
  const [entry] = await log.read('past', { after: 0 });
  if (entry === undefined) throw new Error('the entry is there');
  await log.trim('past', [{ ...entry, data: 'trimmed' }]);
  expect(await log.untrimmed({ quietSinceMs: startMs + 1, limit: 10 })).toEqual(['now']);
});
