// A stop in the log: written before the run's end, under a key of its own, so that the first one counts.
import { conversationOfRun, type RunId } from '../core/ids.ts';
import type { StopRequest } from '../conversation/run.ts';
import type { Log } from '../log/log.ts';
import { entryOf } from './entries.ts';

export async function logStop(log: Log, run: RunId, request: StopRequest): Promise<void> {
  await log.append(conversationOfRun(run), [entryOf({ type: 'stop', run, ...request })], { key: keyOf(run) });
}

export async function isStopLogged(log: Log, run: RunId): Promise<boolean> {
  return (await log.find(conversationOfRun(run), keyOf(run))) !== null;
}

function keyOf(run: RunId): string {
  return `stop:${run}`;
}
