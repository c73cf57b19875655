// What the tests need beside npm's packages: Chromium and Firefox. On Debian and its kin they are
// installed where they are missing; elsewhere the message says what to do.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Browser {
  readonly name: string;
  /** Names the program; comes before the places. */
  readonly variable: string;
  /** Where systems usually have it. */
  readonly places: readonly string[];
  /** Of Debian: what brings it, and what its pages need. */
  readonly packages: readonly string[];
}

const chromium: Browser = {
  name: 'Chromium',
  variable: 'CHROMIUM_PATH',
  places: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  packages: ['chromium', 'fonts-noto-color-emoji'],
};

const firefox: Browser = {
  name: 'Firefox',
  variable: 'FIREFOX_PATH',
  places: ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
  packages: ['firefox-esr'],
};

export const findChromium = (): string | undefined => find(chromium);
export const findFirefox = (): string | undefined => find(firefox);

/** Leaves the process with 1 and a sentence where a browser is missing and cannot be installed. */
export function setUpTestEnvironment(): void {
  for (const browser of [chromium, firefox]) {
    const found = find(browser) ?? install(browser);
    if (found === undefined) {
      process.stderr.write(
        `The browser tests need ${browser.name}, and it is not here. Install it (Debian and its kin: sudo apt-get ` +
          `install ${browser.packages[0]}), or set ${browser.variable} to the program, and run npm test again.\n`,
      );
      process.exit(1);
    }
    process.env[browser.variable] = found;
  }
}

function find({ variable, places }: Browser): string | undefined {
  return [process.env[variable], ...places].find((place) => place !== undefined && place !== '' && existsSync(place));
}

function install(browser: Browser): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return undefined;
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive'];
  process.stdout.write(`Installing ${browser.name} for the browser tests…\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const words of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', ...browser.packages],
  ]) {
    const [command = '', ...args] = [...prefix, 'apt-get', ...words];
    const { status } = spawnSync(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) return undefined;
  }
  return find(browser);
}
