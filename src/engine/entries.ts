// Between the log's opaque entries and the domain's events.
import { tryParseJson } from '../core/json.ts';
import { dataOf, parseEvent, type ConversationEvent, type PlacedEvent } from '../conversation/event.ts';
import type { Entry, NewEntry } from '../log/log.ts';

export function entryOf(event: ConversationEvent): NewEntry {
  return { type: event.type, data: JSON.stringify(dataOf(event)) };
}

export function placedEventOf(entry: Entry): PlacedEvent {
  return { from: entry.offset, offset: entry.offset, event: parseEvent(entry.type, tryParseJson(entry.data)) };
}
