// Makes the README's picture anew: the real page, in mid-answer, as docs/page.png.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openBrowser, send, waitForText } from '../test/support/browser.ts';
import { createWorkspace } from '../test/support/program.ts';
import { buildIfNeeded } from './build.ts';
import { setUpTestEnvironment } from './set-up-test-environment.ts';

const docs = new URL('../docs/', import.meta.url);

export async function run(): Promise<void> {
  setUpTestEnvironment();
  await buildIfNeeded();
  mkdirSync(docs, { recursive: true });
  using workspace = createWorkspace();
  await using program = await workspace.start();
  await using browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  for (const [model, text] of [
    ['demo/echo', 'What is a durable log?'],
    ['demo/tour', 'Give me the tour'],
  ] as const) {
    await page.goto(program.url);
    await page.getByLabel('Model').selectOption(model);
    await send(page, text);
    await waitForText(page, 10);
  }
  await waitForText(page, 1_780);
  const path = fileURLToPath(new URL('page.png', docs));
  await page.screenshot({ path });
  process.stdout.write('Wrote docs/page.png\n');
}
