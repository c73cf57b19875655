// The page in a real Chromium, before the built program: what a person sees and does.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { tourText } from 'verbatim/models';
import { answerText, openBrowser, send, waitForStatus, waitForText } from '../support/browser.ts';
import { call, isEnd, readEvents } from '../support/api.ts';
import { longText } from '../support/long-text.ts';
import { createWorkspace, type Program, type Workspace } from '../support/program.ts';

let browser: Browser;
let workspace: Workspace;
let program: Program;
let context: BrowserContext;
let page: Page;
let errors: string[];

beforeAll(async () => {
  browser = await openBrowser();
});

beforeEach(async () => {
  workspace = createWorkspace();
  program = await workspace.start();
  errors = [];
  ({ context, page } = await newScreen());
});

afterEach(async () => {
  await context.close();
  await program.kill('SIGTERM');
  workspace[Symbol.dispose]();
  expect(errors).toEqual([]);
});

afterAll(() => browser.close());

async function newScreen(
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ context: BrowserContext; page: Page }> {
  const screen = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], ...options });
  const opened = await screen.newPage();
  opened.on('pageerror', (error) => errors.push(String(error)));
  return { context: screen, page: opened };
}

// oxlint-disable-next-line typescript/no-explicit-any -- The API’s answer is what is tested.
async function conversationIn(url: string): Promise<any> {
  const { pathname } = new URL(url);
  return (await call(`${program.url}/api/conversations/${pathname.split('/').at(-1) ?? ''}`)).body;
}

/** What a page shows that was opened after all was over: nothing of it has streamed. */
async function textOnFreshPage(url: string): Promise<string> {
  const fresh = await newScreen();
  await fresh.page.goto(url);
  await waitForText(fresh.page, 0);
  const text = await answerText(fresh.page);
  await fresh.context.close();
  return text;
}

/** Stops the newest answer of the page, and gives its text as it is stored. */
async function stop(): Promise<string> {
  await page.getByRole('button', { name: 'Stop answering' }).click();
  await waitForStatus(page, 'stopped');
  return (await conversationIn(page.url())).messages[1].parts[0].text;
}

it('streams an answer in visible steps, to the exact text', async () => {
  await page.goto(program.url);
  await page.getByLabel('Model').selectOption('demo/echo');
  await send(page, longText);
  await page.waitForURL('**/c/*');
  const lengths = new Set<number>();
  for (let length = 0; lengths.size < 10; lengths.add(length)) length = (await waitForText(page, length)).length;
  expect((await conversationIn(page.url())).runs[0].status).toBe('running');
  expect(longText.startsWith(await stop())).toBe(true);
  expect(await answerText(page)).toBe(await textOnFreshPage(page.url()));
  const { events } = await readEvents(`${page.url().replace('/c/', '/api/conversations/')}/events?after=0`, {
    until: isEnd,
  });
  // What was on the screen when the button was pressed.
  expect(events.find(({ event }) => event === 'stop')?.data).toMatchObject({ seen: expect.any(Number) });
  await page.getByRole('button', { name: /copy/i }).last().click();
});

it('has the text so far at once after a refresh in mid-answer, and goes on', async () => {
  await page.goto(program.url);
  await page.getByLabel('Model').selectOption('demo/echo');
  await send(page, longText);
  const before = await waitForText(page, 300);
  await page.reload();
  const after = await waitForText(page, 0);
  expect(after.length).toBeGreaterThanOrEqual(before.length);
  await waitForText(page, after.length + 100);
  expect(longText.startsWith(await stop())).toBe(true);
  expect(await answerText(page)).toBe(await textOnFreshPage(page.url()));
});

it('reconnects by itself when the server was killed and started again, and nothing is twice', async () => {
  await page.goto(program.url);
  await send(page, 'Give me the tour');
  const before = await waitForText(page, 300);
  await program.kill('SIGKILL');
  await page.locator('[data-testid="connection"][data-phase="stale"]').waitFor();
  expect((await answerText(page)).length).toBeGreaterThanOrEqual(before.length);
  program = await workspace.start({ port: program.port });
  await page.locator('[data-testid="connection"][data-phase="live"]').waitFor();
  await waitForStatus(page, 'done');
  expect(await answerText(page)).toBe(await textOnFreshPage(page.url()));
  expect((await conversationIn(page.url())).messages[1].parts[0].text).toBe(tourText);
});

interface Watching {
  stoppedMs: Promise<number>;
}

/** Notes in the page when its answer of this number is shown as stopped. */
function watchForStop(index: number): void {
  (globalThis as unknown as Watching).stoppedMs = new Promise((resolve) => {
    new MutationObserver(() => {
      const answer = document.querySelectorAll<HTMLElement>('article[data-role="assistant"]')[index];
      if (answer?.dataset['status'] === 'stopped') resolve(performance.timeOrigin + performance.now());
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}

it('shows one answer on two screens, and stop on one stops both within 200 ms', async () => {
  await page.goto(program.url);
  await page.getByLabel('Model').selectOption('demo/count'); // Which goes on until it is stopped.
  await send(page, 'Count');
  await page.waitForURL('**/c/*');
  const second = await newScreen();
  await second.page.goto(page.url());
  const delays: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    if (round > 0) await send(page, 'Once more');
    await Promise.all(
      [page, second.page].map(
        async (screen) => await screen.locator('article[data-role="assistant"]').nth(round).waitFor(),
      ),
    );
    await Promise.all([waitForText(page, 0), waitForText(second.page, 0)]);
    await Promise.all([page, second.page].map(async (screen) => await screen.evaluate(watchForStop, round)));
    const pressedMs = await second.page.evaluate(() => {
      document.querySelector<HTMLButtonElement>('button[aria-label="Stop answering"]')?.click();
      return performance.timeOrigin + performance.now();
    });
    const stoppedMs = await Promise.all(
      [page, second.page].map(
        async (screen) => await screen.evaluate(async () => await (globalThis as unknown as Watching).stoppedMs),
      ),
    );
    delays.push(Math.max(...stoppedMs) - pressedMs);
    expect(await answerText(page)).toBe(await answerText(second.page));
  }
  // The quickest of five: what else runs on the machine makes a stop later, and never earlier.
  expect(Math.min(...delays), `all: ${delays.map(Math.round).join(', ')} ms`).toBeLessThan(200);
  await second.context.close();
});

it('says that a demo model is one, keeps a draft over a refresh, and lists the conversation', async () => {
  await page.goto(program.url);
  await page.getByLabel('Model').selectOption('demo/echo');
  await send(page, 'An echo of this');
  await waitForStatus(page, 'done');
  await page.locator('article[data-role="assistant"]', { hasText: /demo model/i }).waitFor();
  expect(await answerText(page)).toBe('An echo of this');
  await page.getByLabel('Message', { exact: true }).fill('not sent yet');
  await page.reload();
  await page.waitForFunction(() => document.querySelector('textarea')?.value === 'not sent yet');
  const list = page.getByRole('navigation', { name: 'Conversations' });
  await list.getByRole('link', { name: 'An echo of this' }).waitFor();
  await page.waitForFunction(() => document.title === 'An echo of this · Verbatim');
});

it('edits a message beside the first one, and goes from one to the other by keyboard', async () => {
  await page.goto(program.url);
  await page.getByLabel('Model').selectOption('demo/echo');
  await send(page, 'The first words');
  await waitForStatus(page, 'done');
  await page.getByRole('button', { name: 'Edit message' }).click();
  const editor = page.getByRole('textbox', { name: 'Your message' });
  await editor.press('Escape');
  await page.getByRole('button', { name: 'Edit message' }).click();
  await editor.fill('Other words');
  await editor.press('Enter');
  await page.locator('[data-turn="user"]', { hasText: '2/2' }).waitFor();
  await page.locator('article[data-role="assistant"][data-status="done"]', { hasText: 'Other words' }).waitFor();
  const previous = page.getByRole('button', { name: 'Previous version' });
  await previous.focus();
  await previous.press('Enter');
  await page.locator('article[data-role="assistant"]', { hasText: 'The first words' }).waitFor();
  expect(await page.locator('article').count()).toBe(2);
  expect(await previous.evaluate((button) => button === document.activeElement)).toBe(true);
  await page.reload();
  await page.locator('article[data-role="assistant"]', { hasText: 'The first words' }).waitFor();
  await page.getByRole('button', { name: 'Next version' }).click();
  await page.locator('article[data-role="assistant"]', { hasText: 'Other words' }).waitFor();
  const { messages, leaf } = await conversationIn(page.url());
  expect(messages.map(({ parent }: { parent: string | null }) => parent)).toEqual([
    null,
    messages[0].id,
    null,
    messages[2].id,
  ]);
  expect(leaf).toBe(messages[3].id);
});

it('asks for another answer beside the first, on every screen', async () => {
  await page.goto(program.url);
  await page.getByLabel('Model').selectOption('demo/echo');
  await send(page, 'Once more');
  await waitForStatus(page, 'done');
  const second = await newScreen();
  await second.page.goto(page.url());
  await page.getByRole('button', { name: 'Regenerate' }).click();
  for (const screen of [page, second.page]) {
    await screen.locator('[data-turn="assistant"]', { hasText: '2/2' }).waitFor();
    await waitForStatus(screen, 'done');
    expect(await answerText(screen)).toBe('Once more');
  }
  await second.context.close();
});

it('renames a conversation, deletes it and brings it back', async () => {
  await page.goto(program.url);
  await page.getByLabel('Model').selectOption('demo/echo');
  await send(page, 'To be deleted');
  await waitForStatus(page, 'done');
  const url = page.url();
  const second = await newScreen();
  await second.page.goto(url);
  const list = page.getByRole('navigation', { name: 'Conversations' });
  await list.getByRole('button', { name: 'Rename To be deleted' }).click();
  await list.getByLabel('Title').fill('Under another name');
  await list.getByLabel('Title').press('Enter');
  await page.waitForFunction(() => document.title === 'Under another name · Verbatim');
  await list.getByRole('button', { name: 'Delete Under another name' }).click();
  await page.getByText('Deleted “Under another name”.').waitFor();
  await page.waitForURL(`${program.url}/`);
  await second.page.getByText('This conversation was deleted.').waitFor();
  expect((await call(url.replace('/c/', '/api/conversations/'))).status).toBe(404);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForURL(url);
  for (const screen of [page, second.page]) expect(await waitForText(screen, 0)).toBe('To be deleted');
  await list.getByRole('link', { name: 'Under another name' }).waitFor();
  await second.context.close();
});

it('folds what is thought, called and given as data, and names its sources', async () => {
  await page.goto(program.url);
  await page.getByRole('button', { name: 'How many words' }).click();
  await waitForStatus(page, 'done');
  const answer = page.locator('article[data-role="assistant"]');
  for (const [part, text] of [
    ['reasoning', 'are to be counted'],
    ['tool-call', '"words": 7'],
    ['data', '"length": 3'],
  ] as const) {
    const fold = answer.locator(`details[data-part="${part}"]`);
    const body = fold.getByText(text).first();
    expect(await body.isVisible()).toBe(false);
    await fold.locator('summary').click();
    await body.waitFor();
  }
  expect(await answer.getByRole('link', { name: 'Unicode Text Segmentation' }).getAttribute('href')).toContain(
    'https://',
  );
  expect(await answerText(page)).toMatch(/^Your message has 7 words of 35 characters in all\./);
});

it('shows an image that came with a message, and loads none from elsewhere', async () => {
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(program.url) && !request.url().startsWith('data:')) foreign.push(request.url());
  });
  const { body } = await call(`${program.url}/api/conversations`, 'POST', { model: 'demo/echo' });
  const data =
    'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC';
  const files = [
    { mediaType: 'image/png', name: 'A dot', data },
    { mediaType: 'image/png', name: 'Elsewhere', url: 'http://127.0.0.1:9/beacon.png' },
    { mediaType: 'text/html', name: 'page.html', data: 'PHNjcmlwdD4=' },
  ];
  await call(`${program.url}/api/conversations/${body.id}/messages`, 'POST', { text: 'See', files });
  await page.goto(`${program.url}/c/${body.id}`);
  const image = page.getByRole('img', { name: 'A dot' });
  await image.waitFor();
  await page.waitForFunction(() => document.querySelector<HTMLImageElement>('.file-image')?.naturalWidth === 10);
  expect(await page.getByRole('link', { name: 'Elsewhere' }).getAttribute('rel')).toContain('noreferrer');
  expect(await page.getByRole('link', { name: 'page.html' }).getAttribute('download')).toBe('page.html');
  expect(await page.locator('article img').count()).toBe(1);
  expect(foreign).toEqual([]);
});

it('renders hostile Markdown as harmless text, and calls nobody', async () => {
  const foreign: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(program.url) && !request.url().startsWith('data:')) foreign.push(request.url());
  });
  await page.goto(program.url);
  await page.getByLabel('Model').selectOption('demo/echo');
  await send(
    page,
    [
      '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">',
      '[a](javascript:window.hacked=3) ![beacon](http://127.0.0.1:9/beacon.png)',
      '<a href="javascript:window.hacked=4">b</a> <iframe src="http://127.0.0.1:9/"></iframe> <style>body{display:none}</style>',
    ].join('\n\n'),
  );
  await waitForStatus(page, 'done');
  for (const link of await page.locator('[data-part="text"] a').all()) {
    expect(await link.getAttribute('href')).not.toMatch(/^javascript:/i);
  }
  expect(await page.locator('[data-part="text"]').locator('script, iframe, style, img').count()).toBe(0);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  expect(foreign).toEqual([]);
});

it('fits a phone, in the dark, without scrolling sideways', async () => {
  const phone = await newScreen({
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
    hasTouch: true,
    isMobile: true,
  });
  await phone.page.goto(program.url);
  await phone.page.getByLabel('Model').selectOption('demo/echo');
  await send(phone.page, longText);
  await waitForText(phone.page, 1_500);
  const { scroll, inner } = await phone.page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    inner: innerWidth,
  }));
  expect(scroll).toBeLessThanOrEqual(inner);
  await phone.page.getByRole('button', { name: 'Open conversations' }).click();
  await phone.page.getByRole('navigation', { name: 'Conversations' }).waitFor();
  await phone.page.keyboard.press('Escape');
  await phone.page.getByRole('button', { name: 'Stop answering' }).click();
  await waitForStatus(phone.page, 'stopped');
  await phone.context.close();
});

it('says so where there is no such conversation', async () => {
  await page.goto(`${program.url}/c/c_00000000000000000000`);
  await page
    .getByText(/not found|no such conversation|does not exist|isn’t here|isn't here/i)
    .first()
    .waitFor();
});
