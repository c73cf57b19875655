// Real browsers, with no connections but those that a test makes. Chromium is driven by Playwright;
// the system's Firefox, which that cannot drive, by Puppeteer over WebDriver BiDi.
import { chromium, type Browser, type Page } from 'playwright-core';
import { launch } from 'puppeteer-core';
import { findChromium, findFirefox } from '../../scripts/set-up-test-environment.ts';

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('Chromium is missing: run npm test, which says how to get it');
  return await chromium.launch({ executablePath, args: quiet });
}

export async function openFirefox() {
  const executablePath = findFirefox();
  if (executablePath === undefined) throw new Error('Firefox is missing: run npm test, which says how to get it');
  return await launch({ browser: 'firefox', executablePath, headless: true });
}

/** Types the message and sends it with Enter. */
export async function send(page: Page, text: string): Promise<void> {
  const box = page.getByLabel('Message', { exact: true });
  await box.fill(text);
  await box.press('Enter');
}

/** Resolves when the newest answer has this status. */
export async function waitForStatus(page: Page, status: string): Promise<void> {
  await page.locator(`article[data-role="assistant"][data-status="${status}"] >> nth=-1`).waitFor();
}

/** Resolves with the newest answer's visible text once it is longer than `length`. */
export async function waitForText(page: Page, length: number): Promise<string> {
  const handle = await page.waitForFunction(
    (least) => {
      const answers = document.querySelectorAll<HTMLElement>('article[data-role="assistant"] [data-part="text"]');
      const text = [...answers].at(-1)?.innerText ?? '';
      return text.length > least ? text : false;
    },
    length,
    { polling: 'raf' },
  );
  return (await handle.jsonValue()) || '';
}

export async function answerText(page: Page): Promise<string> {
  return await page.locator('article[data-role="assistant"] [data-part="text"] >> nth=-1').innerText();
}
