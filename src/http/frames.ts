// What readers are sent, as bytes: made once for all who are given the same step of a follower or the
// same state, shared by that object's identity, and kept for as long as the object is.
import { dataOf, type PlacedEvent } from '../conversation/event.ts';
import type { Conversation } from '../conversation/reduce.ts';
import { formatCursor } from '../log/cursor.ts';
import { encode } from '../sse/encode.ts';
import type { SseEvent } from '../sse/event.ts';

export type Frame = Uint8Array<ArrayBuffer>;

export interface Frames {
  /** The state, as an event `snapshot`. */
  snapshot(conversation: Conversation): Frame;
  /** All events of a step of `Engine.follow`. */
  step(events: readonly PlacedEvent[]): Frame;
}

const encoder = new TextEncoder();

/** `epoch`: the first half of every cursor. */
export function createFrames(epoch: string): Frames {
  return {
    snapshot: once((conversation) =>
      encoder.encode(encode(wireEvent(epoch, conversation.offset, 'snapshot', { ...conversation }))),
    ),
    step: once((events) => encoder.encode(encodeStep(epoch, events))),
  };
}

function once<Given extends object>(make: (given: Given) => Frame): (given: Given) => Frame {
  const made = new WeakMap<Given, Frame>();
  return (given) => {
    let frame = made.get(given);
    if (frame === undefined) {
      frame = make(given);
      made.set(given, frame);
    }
    return frame;
  };
}

function encodeStep(epoch: string, events: readonly PlacedEvent[]): string {
  let blocks = '';
  let from = events[0]?.from ?? 0;
  for (const placed of events) {
    // What a newer version wrote is covered by the next event that we know. At the step's end it is sent
    // without its content, for its place: the next step does not know of it.
    if (placed.event.type === 'unknown' && placed !== events.at(-1)) continue;
    blocks += encode(changeEvent(epoch, { ...placed, from }));
    from = placed.offset + 1;
  }
  return blocks;
}

/** The event, which covers every offset from its `from` on. */
export function changeEvent(epoch: string, { from, offset, event }: PlacedEvent): SseEvent {
  return wireEvent(epoch, offset, event.type, from === offset ? dataOf(event) : { ...dataOf(event), from });
}

function wireEvent(epoch: string, offset: number, event: string, data: Readonly<Record<string, unknown>>): SseEvent {
  return { id: formatCursor({ epoch, offset }), event, data: JSON.stringify(data) };
}
