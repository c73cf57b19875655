import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { call, isEnd, readEvents } from '../support/api.ts';
import { createWorkspace, runProgram, type Workspace } from '../support/program.ts';

const storeOf = ({ folder }: Workspace): string => `sqlite:${join(folder, 'v.db')}`;

describe('verbatim backup', () => {
  it('says how it is used', async () => {
    const { code, stdout } = await runProgram(['backup', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: verbatim backup [options] <file>');
    expect(stdout).toMatch(/--store.*env:\s+VERBATIM_STORE/s);
    expect((await runProgram(['--help'])).stdout).toMatch(/backup.*Copy the store/);
  });

  it('copies the store of a server at work, which goes on, and the copy serves the same conversations', async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start();
    const api = `${program.url}/api`;
    const { body: conversation } = await call(`${api}/conversations`, 'POST', { title: 'Kept', model: 'demo/echo' });
    const messages = `${api}/conversations/${conversation.id}/messages`;
    const { body: sent } = await call(messages, 'POST', { text: 'Copy this, 🧑‍🚀 and all' });
    const eventsPath = `conversations/${conversation.id}/events`;
    const answer = await readEvents(`${api}/${eventsPath}?after=${sent.offset}`, { until: isEnd });
    const before = await call(`${api}/conversations/${conversation.id}`);

    const copy = join(workspace.folder, 'copy.db');
    const backup = await runProgram(['backup', copy, '--store', storeOf(workspace)]);
    expect(backup).toEqual({
      code: 0,
      stdout: `Copied to ${copy}. To use the copy: verbatim serve --store sqlite:${copy}\n`,
      stderr: '',
    });
    expect(await call(messages, 'POST', { text: 'after the copy' })).toMatchObject({ status: 202 });

    await using second = await workspace.start({ args: ['--store', `sqlite:${copy}`] });
    expect(await call(`${second.url}/api/conversations/${conversation.id}`)).toMatchObject({ body: before.body });
    const { body: list } = await call(`${second.url}/api/conversations?q=copy`);
    expect(list.conversations).toMatchObject([{ id: conversation.id, title: 'Kept' }]);
    // A reader that comes from the store to its copy begins anew: offsets there may mean something else.
    const headers = { 'Last-Event-ID': answer.events.at(-1)?.id ?? '' };
    const { events } = await readEvents(`${second.url}/api/${eventsPath}`, { headers, until: () => true });
    expect(events[0]).toMatchObject({ event: 'snapshot', data: { id: conversation.id } });
  });

  it('goes on with an answer that was being written, in the copy too', async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start();
    const api = `${program.url}/api`;
    const { body: conversation } = await call(`${api}/conversations`, 'POST', { model: 'demo/count' });
    const path = `conversations/${conversation.id}`;
    await call(`${api}/${path}/messages`, 'POST', { text: 'go' });
    await readEvents(`${api}/${path}/events?after=0`, { until: ({ event }) => event === 'delta' });
    const copy = join(workspace.folder, 'copy.db');
    expect(await runProgram(['backup', copy, '--store', storeOf(workspace)])).toMatchObject({ code: 0 });
    await using second = await workspace.start({ args: ['--store', `sqlite:${copy}`] });
    expect(second.output).toContain('Resumed 1 answer that was cut');
  });

  it('copies a store that no server uses, named by the environment', async () => {
    using workspace = createWorkspace();
    const program = await workspace.start();
    await program.kill('SIGTERM');
    const copy = join(workspace.folder, 'copy.db');
    expect(await runProgram(['backup', copy], { VERBATIM_STORE: storeOf(workspace) })).toMatchObject({ code: 0 });
    expect(existsSync(copy)).toBe(true);
  });
});

describe('a backup that cannot be made says why in a sentence, ends with 1, and leaves everything as it is', () => {
  async function refusal(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runProgram(['backup', ...args]);
    expect(stdout).toBe('');
    expect(code).toBe(1);
    return stderr;
  }

  it('a file that is there already', async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start();
    const file = join(workspace.folder, 'letter.txt');
    writeFileSync(file, 'Dear Sir or Madam');
    expect(await refusal([file, '--store', storeOf(workspace)])).toBe(
      `Expected a new file, but "${file}" is there already. Choose another name.\n`,
    );
    expect(readFileSync(file, 'utf8')).toBe('Dear Sir or Madam');
    expect(await refusal([join(workspace.folder, 'v.db'), '--store', storeOf(workspace)])).toContain('there already');
    expect((await call(`${program.url}/api/conversations`, 'POST')).status).toBe(201);
  });

  it('a store that is not there', async () => {
    using workspace = createWorkspace();
    const copy = join(workspace.folder, 'copy.db');
    expect(await refusal([copy, '--store', storeOf(workspace)])).toBe(
      `Expected a store to copy, but there is no file "${join(workspace.folder, 'v.db')}". Check --store.\n`,
    );
    expect(readdirSync(workspace.folder)).toEqual([]);
  });

  it('a store in no file', async () => {
    using workspace = createWorkspace();
    const stderr = await refusal([join(workspace.folder, 'copy.db'), '--store', 'memory:']);
    expect(stderr).toMatch(/^Expected a store in a file.*\n$/);
    expect(readdirSync(workspace.folder)).toEqual([]);
  });

  it('a file that is no store', async () => {
    using workspace = createWorkspace();
    const file = join(workspace.folder, 'letter.txt');
    writeFileSync(file, 'Dear Sir or Madam');
    const stderr = await refusal([join(workspace.folder, 'copy.db'), '--store', `sqlite:${file}`]);
    expect(stderr).toMatch(/^Expected a SQLite file, but .* is damaged or none at all .*\n$/);
    expect(readdirSync(workspace.folder)).toEqual(['letter.txt']);
  });

  it('a folder that is not there', async () => {
    using workspace = createWorkspace();
    await (await workspace.start()).kill('SIGTERM');
    const copy = join(workspace.folder, 'none', 'copy.db');
    const stderr = await refusal([copy, '--store', storeOf(workspace)]);
    expect(stderr).toMatch(/^Expected to copy .*\n$/);
    expect(existsSync(join(workspace.folder, 'none'))).toBe(false);
  });

  it('no name for the copy', async () => {
    expect(await refusal([])).toContain("missing required argument 'file'");
  });
});
