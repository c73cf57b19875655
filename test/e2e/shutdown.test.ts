// SIGTERM: what is going on comes to a clean end, and what hangs does not keep the process.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { call, readEvents, type WireEvent } from '../support/api.ts';
import { createWorkspace, type Program, type Workspace } from '../support/program.ts';

async function beginCounting({ url }: Program): Promise<{ id: string; offset: number }> {
  const { body } = await call(`${url}/api/conversations`, 'POST', { model: 'demo/count' });
  const sent = await call(`${url}/api/conversations/${body.id}/messages`, 'POST', { text: 'go' });
  return { id: body.id, offset: sent.body.offset };
}

const isText = ({ event }: WireEvent): boolean => event === 'part' || event === 'delta';

it('ends a stream with bye, and the next process goes on with the answer', async () => {
  using workspace = createWorkspace();
  await using program = await workspace.start();
  const { id, offset } = await beginCounting(program);
  const events = `/api/conversations/${id}/events`;
  await readEvents(`${program.url}${events}?after=${offset}`, { until: isText });
  const begun = Promise.withResolvers<void>();
  const watched = readEvents(`${program.url}${events}`, {
    until() {
      begun.resolve();
      return false;
    },
  });
  await begun.promise;
  const [code, { events: told }] = await Promise.all([program.kill('SIGTERM'), watched]);
  expect(code).toBe(0);
  expect(told.at(-1)).toMatchObject({ event: 'bye', data: {}, id: told.at(-2)?.id });
  await using next = await workspace.start();
  const { events: more } = await readEvents(`${next.url}${events}?after=${told.at(-1)?.id}`, { until: isText });
  expect(more.map(({ event }) => event)).not.toContain('snapshot');
});

/** The program in the middle of an answer, and its store, which does not answer any more. */
async function beginAndHang(workspace: Workspace, program: Program) {
  const { id, offset } = await beginCounting(program);
  await readEvents(`${program.url}/api/conversations/${id}/events?after=${offset}`, { until: isText });
  const other = new DatabaseSync(join(workspace.folder, 'v.db'), { timeout: 5_000 });
  onTestFinished(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  return { id, offset, end: () => other.exec('ROLLBACK') };
}

it('is over within 10 s where the store hangs', async () => {
  using workspace = createWorkspace();
  await using program = await workspace.start();
  const { id, offset, end } = await beginAndHang(workspace, program);
  const startedAtMs = performance.now();
  await program.kill('SIGTERM');
  expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  end();
  await using next = await workspace.start();
  await readEvents(`${next.url}/api/conversations/${id}/events?after=${offset}`, { until: isText });
});

async function isServing({ url }: Program): Promise<boolean> {
  try {
    return (await fetch(`${url}/api/models`)).ok;
  } catch {
    return false;
  }
}

it('is over at once where it is asked for twice', async () => {
  using workspace = createWorkspace();
  await using program = await workspace.start();
  await beginAndHang(workspace, program);
  const startedAtMs = performance.now();
  const isGone = program.kill('SIGTERM');
  // As long as it serves, the first has not come.
  while (await isServing(program));
  await program.kill('SIGTERM');
  await isGone;
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
});
