// Between the log's opaque entries and the domain's events.
import { tryParseJson } from '../core/json.ts';
import { dataOf, parseEvent, type ConversationEvent, type PlacedEvent } from '../conversation/event.ts';
import { merge } from '../conversation/merge.ts';
import type { Entry, NewEntry } from '../log/log.ts';

export function entryOf(event: ConversationEvent): NewEntry {
  return { type: event.type, data: JSON.stringify(dataOf(event)) };
}

export function placedEventOf({ from, offset, type, data }: Entry): PlacedEvent {
  return { from, offset, event: parseEvent(type, tryParseJson(data)) };
}

const mergedSteps = new WeakMap<readonly Entry[], readonly PlacedEvent[]>();

/** The events of a follower's step, merged: once for all who share the step, who so share the events too. */
export function mergedEventsOf(step: readonly Entry[]): readonly PlacedEvent[] {
  let events = mergedSteps.get(step);
  if (events === undefined) {
    events = merge(step.map(placedEventOf));
    mergedSteps.set(step, events);
  }
  return events;
}
