// All that was acknowledged or shown of a store over its lives, held against what is found in it.
import { planAppend, splitPart } from './plan.ts';
import type { Found, Life, Report } from './reports.ts';

export interface History {
  /** A new life of the writer begins. */
  begin(): Pick<Life, 'life' | 'retries' | 'deadLeases'>;
  /** Throws where the report does not agree with those before. */
  take(report: Report): void;
  readonly figures: { acknowledged: number; seen: number; found: number };
}

interface Stream {
  /** The part at each offset, from 1 on; a hole where it was not told yet. */
  parts: Array<string | undefined>;
  readonly trims: Array<{ readonly from: number; readonly offset: number }>;
  deletion: 'none' | 'asked' | 'done';
  /** Offset of the last acknowledged append that went into the index; 0 for none. */
  indexedAt: number;
}

interface Keyed {
  readonly life: number;
  readonly number: number;
  readonly stream: string;
  result: { readonly first: number; readonly last: number } | undefined;
  /** Whether it was in the store when this life began. */
  isStored: boolean;
}

interface Held {
  /** The last that was acknowledged; 0 for none. */
  epoch: number;
  state: 'held' | 'releasing' | 'released';
  /** So many calls of `acquire` were not answered yet. */
  asked: number;
}

const maxAcknowledgedRetries = 20;

export function createHistory(seed: number): History {
  const streams = new Map<string, Stream>();
  const places = new Map<string, string>();
  const leases = new Map<string, Held>();
  const deadLeases = new Map<string, { name: string; epoch: number }>();
  const figures = { acknowledged: 0, seen: 0, found: 0 };
  let keyed = new Map<string, Keyed>();
  let life = 0;

  function streamOf(name: string): Stream {
    let stream = streams.get(name);
    if (stream === undefined) {
      stream = { parts: [], trims: [], deletion: 'none', indexedAt: 0 };
      streams.set(name, stream);
    }
    return stream;
  }

  /** The part stands at the offset, there alone and for ever. */
  function know(name: string, offset: number, part: string): void {
    const { parts } = streamOf(name);
    const before = parts[offset - 1];
    if (before === part) return;
    check(before === undefined, `${name} has ${part} at ${offset}, where ${before} was`);
    const place = `${name} at ${offset}`;
    check(!places.has(part), `${part} is there twice: ${places.get(part)} and ${place}`);
    places.set(part, place);
    parts[offset - 1] = part;
  }

  function takeAppended(report: Extract<Report, { type: 'appended' }>): void {
    const { stream: name, life: ofLife, number, first, last, replayed, isIndexed } = report;
    const { id, data } = planAppend(seed, ofLife, number);
    check(last - first + 1 === data.length, `${id} of ${data.length} entries was acknowledged as ${first} to ${last}`);
    const known = keyed.get(id);
    const isRetry = ofLife !== life;
    check(!isRetry || known !== undefined, `${id} was sent again without a key`);
    check(replayed === (isRetry && known?.isStored === true), `${id} was ${replayed ? '' : 'not '}replayed`);
    const result = known?.result;
    check(
      result === undefined || (result.first === first && result.last === last),
      `${id} was answered with ${first} to ${last}, and before with ${result?.first} to ${result?.last}`,
    );
    if (known !== undefined) known.result = { first, last };
    for (const index of data.keys()) know(name, first + index, `${id}-${index}-${data.length}`);
    const stream = streamOf(name);
    if (isIndexed && !replayed) stream.indexedAt = Math.max(stream.indexedAt, first);
    figures.acknowledged += data.length;
  }

  function takeFound({ stream: name, parts, trims }: Found): void {
    const stream = streamOf(name);
    if (parts === null) {
      check(stream.deletion !== 'none', `${name} is deleted, and nobody asked for that`);
      stream.deletion = 'done';
      return;
    }
    check(stream.deletion !== 'done', `${name} was deleted, and is back`);
    stream.deletion = 'none';
    const lost = stream.parts.slice(parts.length).find((part) => part !== undefined);
    check(lost === undefined, `${name} ends at ${parts.length}, and has lost ${lost} of ${stream.parts.length}`);
    for (const [index, part] of parts.entries()) know(name, index + 1, part);
    checkWhole(name, parts);
    for (const { from, offset } of stream.trims) {
      check(
        trims.some(([foundFrom, foundOffset]) => foundFrom <= from && foundOffset >= offset),
        `${name} was trimmed from ${from} to ${offset}, and is not any more`,
      );
    }
    figures.found += parts.length;
  }

  function checkTitles(titles: Readonly<Record<string, string>>): void {
    for (const [name, { indexedAt, deletion, parts }] of streams) {
      const title = titles[name];
      if (deletion === 'done') check(title === undefined, `${name} was deleted, and is listed as ${title}`);
      else if (indexedAt > 0) {
        const at = parts.findIndex((part) => title !== undefined && part?.startsWith(`${title}-0-`)) + 1;
        check(at >= indexedAt, `${name} is listed as ${title} of offset ${at}, but got its title at ${indexedAt}`);
      }
    }
  }

  function checkExpired(expired: readonly string[]): void {
    for (const [name, lease] of leases) {
      const isExpired = expired.includes(name);
      if (lease.state === 'held') check(isExpired, `${name} was held by a process that is dead, and is not expired`);
      if (lease.state === 'released' && lease.asked === 0) check(!isExpired, `${name} was released, and is expired`);
      lease.state = isExpired ? 'held' : 'released';
      lease.asked = 0;
    }
  }

  function takeOpened({ found, expired, titles }: Extract<Report, { type: 'opened' }>): void {
    const names = new Set(found.map(({ stream }) => stream));
    for (const name of streams.keys()) check(names.has(name), `${name} is not there`);
    for (const stream of found) takeFound(stream);
    checkTitles(titles);
    checkExpired(expired);
    for (const known of keyed.values()) {
      const { stream } = known;
      const { parts, deletion } = streamOf(stream);
      const { id, data } = planAppend(seed, known.life, known.number);
      const at = parts.indexOf(`${id}-0-${data.length}`);
      known.isStored = deletion === 'none' && at !== -1;
    }
  }

  function takeAcquired({ name, epoch }: Extract<Report, { type: 'acquired' }>): void {
    const lease = leaseOf(name);
    lease.asked -= 1;
    if (epoch === null) return;
    check(epoch > lease.epoch, `${name} was given with epoch ${epoch} behind ${lease.epoch}`);
    lease.epoch = epoch;
    lease.state = 'held';
  }

  function leaseOf(name: string): Held {
    const lease = leases.get(name) ?? { epoch: 0, state: 'released', asked: 0 };
    leases.set(name, lease);
    return lease;
  }

  return {
    figures,
    begin() {
      life += 1;
      const last = [...keyed.values()];
      const acknowledged = last.filter(({ result }) => result !== undefined).slice(-maxAcknowledgedRetries);
      const again = [...last.filter(({ result }) => result === undefined), ...acknowledged];
      keyed = new Map(again.map((known) => [`${known.life}-${known.number}`, known]));
      for (const [name, { epoch }] of leases) deadLeases.set(name, { name, epoch });
      const retries = again.map(({ life: ofLife, number, stream }) => ({ life: ofLife, number, stream }));
      return { life, retries, deadLeases: [...deadLeases.values()] };
    },
    take(report) {
      switch (report.type) {
        case 'opened':
          takeOpened(report);
          return;
        case 'keyed': {
          const { life: ofLife, number, stream } = report;
          const id = `${ofLife}-${number}`;
          if (!keyed.has(id)) keyed.set(id, { life: ofLife, number, stream, result: undefined, isStored: false });
          return;
        }
        case 'appended':
          takeAppended(report);
          return;
        case 'seen':
          for (const [index, part] of report.parts.entries()) know(report.stream, report.after + index + 1, part);
          figures.seen += report.parts.length;
          return;
        case 'acquired':
          takeAcquired(report);
          return;
        case 'releasing':
        case 'released':
          leaseOf(report.name).state = report.type;
          return;
        case 'acquiring':
          leaseOf(report.name).asked += 1;
          return;
        case 'trimmed':
          streamOf(report.stream).trims.push(report);
          return;
        case 'deleting':
          if (streamOf(report.stream).deletion === 'none') streamOf(report.stream).deletion = 'asked';
          return;
        case 'deleted':
          streamOf(report.stream).deletion = 'done';
          return;
        case 'closed':
          return;
      }
    },
  };
}

/** The entries of each append stand together, all of them. */
function checkWhole(name: string, parts: readonly string[]): void {
  for (const [at, part] of parts.entries()) {
    const [id, index, count] = splitPart(part);
    const [nextId, nextIndex] = splitPart(parts[at + 1] ?? '');
    if (Number(index) === Number(count) - 1) continue;
    check(
      id === nextId && Number(nextIndex) === Number(index) + 1,
      `${name} has ${part}, but not what belongs behind it`,
    );
  }
}

function check(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}
