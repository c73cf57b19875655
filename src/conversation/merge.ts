// Many events to fewer: adjacent deltas of one part become one, and the part's beginning takes them in,
// so that catching up costs the text and not the tokens. Reducing the merged events gives what reducing
// all of them gives.
import type { ConversationEvent, DeltaAdded, PlacedEvent } from './event.ts';
import { isGrowing } from './message.ts';

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
  if (second.event.type !== 'delta' || second.from !== first.offset + 1) return undefined;
  const event = grown(first.event, second.event);
  return event && { from: first.from, offset: second.offset, event };
}

function grown(event: ConversationEvent, delta: DeltaAdded): ConversationEvent | undefined {
  if (event.type !== 'delta' && event.type !== 'part') return undefined;
  if (event.message !== delta.message || event.part !== delta.part) return undefined;
  const mark = delta.mark ?? event.mark;
  const marked = mark === undefined ? {} : { mark };
  if (event.type === 'delta') {
    if (delta.at !== event.at + event.text.length) return undefined;
    return { ...event, ...marked, text: event.text + delta.text };
  }
  const { value } = event;
  // A part of a newer kind may have text of another meaning: what its deltas do to it is not known.
  if (!isGrowing(value) || delta.at !== value.text.length) return undefined;
  return { ...event, ...marked, value: { ...value, text: value.text + delta.text } };
}
