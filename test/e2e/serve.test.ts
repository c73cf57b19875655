import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { call } from '../support/api.ts';
import { createWorkspace, runProgram } from '../support/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('verbatim serve', () => {
  it('says where it is, where the store is and which models it found, also by the environment', async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start({ args: ['--model', 'demo/echo'] });
    expect(program.output).toContain(`Verbatim is ready on http://localhost:${program.port}`);
    expect(program.output).toContain(join(workspace.folder, 'v.db'));
    expect(program.output).toMatch(/demo\/tour, demo\/echo, demo\/count.* \(demo models: not AI\)/);
    expect(program.output).toContain('Default demo/echo');
    await program.kill('SIGTERM');
    const env = { PORT: String(program.port), HOST: '127.0.0.1', VERBATIM_MODEL: 'demo/count' };
    const help = await runProgram(['serve', '--help'], env);
    expect(help.stdout).toMatch(/--port.*\(default: 8080, env: PORT\)/s);
    expect(help.stdout).toMatch(/--store.*env:\s+VERBATIM_STORE/s);
  });

  it('takes its flags from the environment too', async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start({ env: { VERBATIM_MODEL: 'demo/count', HOST: '127.0.0.1' } });
    expect(program.output).toContain('Default demo/count');
    expect((await call(`http://127.0.0.1:${program.port}/api/models`)).body.default).toBe('demo/count');
  });

  it('answers on 127.0.0.1 and on localhost', async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start();
    for (const host of ['127.0.0.1', 'localhost']) {
      expect((await fetch(`http://${host}:${program.port}/healthz`)).status).toBe(200);
    }
  });

  it('serves a model of an endpoint in the environment', async () => {
    const upstream = createServer((request, response) => {
      if (request.url === '/v1/models') {
        response.end(JSON.stringify({ data: [{ id: 'tiny' }] }));
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const chunk = (delta: object, reason: string | null) =>
        `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', created: 1, model: 'tiny', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
      response.end(`${chunk({ content: 'real ' }, null)}${chunk({ content: 'words' }, 'stop')}data: [DONE]\n\n`);
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const { port } = upstream.address() as AddressInfo; // Listening on TCP.
    using workspace = createWorkspace();
    await using program = await workspace.start({
      args: ['--model', 'openai/tiny'],
      env: { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`, OPENAI_API_KEY: 'k' },
    });
    expect(program.output).toContain('openai/tiny');
    const { body } = await call(`${program.url}/api/conversations`, 'POST', {});
    const answer = await fetch(`${program.url}/api/conversations/${body.id}/messages`, {
      method: 'POST',
      headers: { Accept: 'text/event-stream' },
      body: '{"text":"Hi"}',
    });
    expect(await answer.text()).toContain('"status":"done"');
    const { body: state } = await call(`${program.url}/api/conversations/${body.id}`);
    expect(state.messages[1].parts[0].text).toBe('real words');
    upstream.closeAllConnections();
    upstream.close();
  });
});

describe('a start that cannot work says why, and ends with 1', () => {
  it('a busy port', async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start();
    const second = await runProgram(['serve', '--port', String(program.port), '--store', 'memory:']);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toBe(
      `Port ${program.port} is in use by another program. Stop that one, or choose another port: npm start -- --port ${program.port + 1}\n`,
    );
  });

  it('a store that another process uses, which goes on', async () => {
    using workspace = createWorkspace();
    await using program = await workspace.start();
    const second = await runProgram(['serve', '--port', '0', '--store', `sqlite:${join(workspace.folder, 'v.db')}`]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('another process has it open');
    expect((await call(`${program.url}/api/conversations`, 'POST')).status).toBe(201);
  });

  it.each([
    ['a port that is none', ['--port', 'http'], 'Expected a number from 0'],
    ['a store that is none', ['--store', 'mysql://x'], 'Expected a store such as sqlite:verbatim.db'],
    ['a model that is none', ['--model', 'no/such'], 'Expected --model to be a model that is found here'],
    ['an address that others can reach', ['--host', '0.0.0.0'], 'There is no login yet'],
    ['an unknown flag', ['--prot', '1'], 'unknown option'],
  ])('%s', async (_name, args, message) => {
    const { code, stderr } = await runProgram(['serve', '--port', '0', '--store', 'memory:', ...args]);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
  });

  it('a file that is no store, and the file stays as it is', async () => {
    using workspace = createWorkspace();
    const file = join(workspace.folder, 'letter.txt');
    writeFileSync(file, 'Dear Sir or Madam');
    const { code, stderr } = await runProgram(['serve', '--port', '0', '--store', `sqlite:${file}`]);
    expect(code).toBe(1);
    expect(stderr).toContain('damaged or none at all');
  });

  it('a Node that is too old', () => {
    const script = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); await import('./bin/require-node.js');`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Verbatim needs Node 22\.18 or later, but this is Node 20\.20\.2\. .+\n$/);
  });
});
