// Many events to fewer: adjacent deltas of one part become one, so that catching up costs the
// text and not the tokens. Reducing the merged events gives what reducing all of them gives.
import type { PlacedEvent } from './event.ts';

/** The events with each run of adjacent deltas of one part joined. Expects them in order. */
export function merge(events: readonly PlacedEvent[]): PlacedEvent[] {
  const merged: PlacedEvent[] = [];
  for (const next of events) {
    const last = merged.at(-1);
    const joined = last === undefined ? undefined : join(last, next);
    if (joined === undefined) merged.push(next);
    else merged[merged.length - 1] = joined;
  }
  return merged;
}

function join(first: PlacedEvent, second: PlacedEvent): PlacedEvent | undefined {
  const a = first.event;
  const b = second.event;
  if (a.type !== 'delta' || b.type !== 'delta') return undefined;
  if (a.message !== b.message || a.part !== b.part) return undefined;
  if (second.from !== first.offset + 1 || b.at !== a.at + a.text.length) return undefined;
  return { from: first.from, offset: second.offset, event: { ...a, text: a.text + b.text } };
}
