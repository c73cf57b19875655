// The tutorial's page in a real browser, with the browser's own EventSource: it counts, and when
// the server is gone for a moment it goes on where it was.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { openBrowser } from '../support/browser.ts';

const server = fileURLToPath(new URL('../../examples/express-counter/server.ts', import.meta.url));

async function start(port: number): Promise<{ child: ChildProcess; url: string }> {
  const env = { ...process.env, PORT: String(port) };
  const child = spawn(process.execPath, ['--conditions=verbatim-source', server], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('stdout is piped');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\S+/.exec(line)?.[0];
    if (url !== undefined) return { child, url };
  }
  throw new Error('The example did not start');
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function shows(page: Page, text: string): Promise<void> {
  await page.locator('#result', { hasText: text }).waitFor();
}

it('counts in the page, and resumes the count after the server was killed', async () => {
  await using browser = await openBrowser();
  let { child, url } = await start(0);
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await shows(page, 'Count: [2]');
    await kill(child);
    ({ child, url } = await start(Number(new URL(url).port)));
    await shows(page, 'Count: [4]');
    const numbers = [...(await page.locator('#result').innerText()).matchAll(/\[([0-9]+)\]/g)].map(([, n]) =>
      Number(n),
    );
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  } finally {
    await kill(child);
  }
});
