// Every driver, through the contract.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { logContract } from '../testing/log-contract.ts';
import { openLog } from './open.ts';

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verbatim-log-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('memory driver', () => {
  for (const { name, run } of logContract) it(name, () => run((deps) => openLog('memory:', deps)));
});

// Each case opens a store of its own, with a thread: on a busy machine that takes a while.
describe('sqlite driver', { timeout: 30_000 }, () => {
  for (const { name, run } of logContract) {
    it(name, () => run((deps) => openLog(`sqlite:${join(folder, `${(files += 1)}.db`)}`, deps)));
  }
});
