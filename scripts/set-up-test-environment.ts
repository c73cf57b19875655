// What the tests need beside npm's packages: Chromium. On Debian and its kin it is installed where
// it is missing; elsewhere the message says what to do.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Where a system's Chromium or Chrome usually is. `CHROMIUM_PATH` comes first. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

export function findChromium(): string | undefined {
  const given = process.env['CHROMIUM_PATH'];
  return [given, ...places].find((place) => place !== undefined && place !== '' && existsSync(place));
}

/** Leaves the process with 1 and a sentence where Chromium is missing and cannot be installed. */
export function setUpTestEnvironment(): void {
  const found = findChromium() ?? install();
  if (found === undefined) {
    process.stderr.write(
      'The browser tests need Chromium, and it is not here. Install it (Debian and Ubuntu: ' +
        'sudo apt-get install chromium), or set CHROMIUM_PATH to the program, and run npm test again.\n',
    );
    process.exit(1);
  }
  process.env['CHROMIUM_PATH'] = found;
}

function install(): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return undefined;
  const prefix = process.getuid?.() === 0 ? [] : ['sudo', '--non-interactive'];
  process.stdout.write('Installing Chromium for the browser tests…\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const words of [
    ['update', '-q'],
    ['install', '-q', '-y', '--no-install-recommends', 'chromium', 'fonts-noto-color-emoji'],
  ]) {
    const [command = '', ...args] = [...prefix, 'apt-get', ...words];
    const { status } = spawnSync(command, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) return undefined;
  }
  return findChromium();
}
