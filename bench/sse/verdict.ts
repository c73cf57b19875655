// The targets, and whether they hold: each is a least ratio of a peer's CPU time to ours.
import { ratioToOurs, type Group } from '../support/report.ts';
import type { InputName } from './inputs.ts';
import { peerParsers } from './parsers.ts';
import { ourBatches, peerReaders } from './readers.ts';

type Groups = ReadonlyMap<InputName, Group>;

/** No slower than the fastest parser there is, on any input. */
const leastParserRatio = 1;
/** What makes a change of the library worth its while, on the inputs that are most common. */
const leastReaderRatio = 3;
const readerInputs: readonly InputName[] = ['16k', 'one-event'];

/** One line a target, and a last one that counts them. */
export function verdictOn(parsers: Groups, readers: Groups): string {
  const ofParsers = [...parsers.values()].flatMap((group) =>
    Object.values(peerParsers).map((peer) => judge(`parser, ${group.title}`, group, peer, leastParserRatio)),
  );
  const ofReaders = readerInputs.flatMap((name) => {
    const group = readers.get(name);
    if (group === undefined) throw new Error(`Expected the whole way to be measured on ${name}`);
    return Object.values(peerReaders).flatMap((peer) => {
      const what = `whole way, ${group.title}`;
      const one = judge(what, group, peer, leastReaderRatio);
      // openai's stream parses JSON, and batches were not measured with that.
      return peer === peerReaders.openai ? [one] : [one, judgeBatches(what, group, peer, leastReaderRatio)];
    });
  });
  const all = [...ofParsers, ...ofReaders];
  const held = all.filter(({ holds }) => holds).length;
  return `${all.map(({ line }) => line).join('\n')}\n\n${held} of ${all.length} targets hold.`;
}

function judge(what: string, group: Group, peer: string, least: number): { holds: boolean; line: string } {
  const contender = group.contenders.find(({ name }) => name === peer);
  const ratio = contender && ratioToOurs(group, contender)?.median;
  if (ratio === undefined) throw new Error(`Expected ${peer} among what was measured`);
  const holds = ratio >= least;
  const verdict = holds ? 'holds' : '**does not hold**';
  return { holds, line: `- ${verdict}: ${what}, ${peer}: ${ratio.toFixed(2)} × ours, target ${least.toFixed(1)}` };
}

/** The same beside the events in batches, which are read by a loop within the loop. */
function judgeBatches(what: string, group: Group, peer: string, least: number): { holds: boolean; line: string } {
  const batches = group.contenders.find(({ name }) => name === ourBatches);
  if (batches === undefined) throw new Error('Expected batches among what was measured');
  const beside = { ...group, contenders: group.contenders.map((each) => ({ ...each, ours: ourBatches })) };
  return judge(`${what}, in batches`, beside, peer, least);
}
