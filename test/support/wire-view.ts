// What a reader knows of a conversation from its bare events, put together by nothing but their own
// words, and stricter than any client has to be: each offset once, and each text right behind the last.

export interface WireView {
  /** The last offset that it was told; 0 before the first. */
  readonly offset: number;
  /** Each message, in order. */
  readonly messages: ReadonlyMap<string, WireMessage>;
  /** Each run's status. */
  readonly runs: ReadonlyMap<string, string>;
  /** Throws where the event does not fit. Gives whether it counts: one without an id does not. */
  take(event: BareEvent): boolean;
}

interface WireMessage {
  readonly role: string;
  readonly text: string;
}

export interface BareEvent {
  /** The cursor, `epoch.offset`; "" where there was none yet. */
  readonly id: string;
  readonly event: string;
  readonly data: any; // oxlint-disable-line typescript/no-explicit-any -- Whatever the server says is what is tested.
}

const offsetOf = (cursor: string): number => Number(cursor.slice(cursor.lastIndexOf('.') + 1));

export function createWireView(): WireView {
  let last = 0;
  let messages = new Map<string, { role: string; text: string }>();
  let runs = new Map<string, string>();

  function place({ id, data }: BareEvent): void {
    const offset = offsetOf(id);
    const from = data.from ?? offset;
    if (from !== last + 1) throw new Error(`Expected offset ${last + 1} next, got ${from} to ${offset}`);
    last = offset;
  }

  function begin({ id, data }: BareEvent): void {
    last = offsetOf(id);
    messages = new Map(data.messages.map((message: any) => [message.id, knownOf(message)])); // oxlint-disable-line typescript/no-explicit-any -- As above.
    runs = new Map(data.runs.map((run: any) => [run.id, run.status])); // oxlint-disable-line typescript/no-explicit-any -- As above.
  }

  function messageOf(id: string): { role: string; text: string } {
    const message = messages.get(id);
    if (message === undefined) throw new Error(`Expected message ${id} before what happens to it`);
    return message;
  }

  /** Only of answers with one part, which is text. */
  function grow(id: string, { part, at, text }: { part: number; at: number; text: string }): void {
    const message = messageOf(id);
    if (part !== 0 || at !== message.text.length) {
      throw new Error(`Expected text at ${message.text.length} of part 0, got text at ${at} of part ${part}`);
    }
    message.text += text;
  }

  return {
    get offset() {
      return last;
    },
    get messages() {
      return messages;
    },
    get runs() {
      return runs;
    },
    take(event) {
      const { data } = event;
      if (event.event === 'bye') return false;
      if (event.event === 'snapshot') {
        begin(event);
        return true;
      }
      place(event);
      if (event.event === 'message') messages.set(data.id, knownOf(data));
      else if (event.event === 'part') grow(data.message, { part: data.part, at: 0, text: data.value.text });
      else if (event.event === 'delta') grow(data.message, data);
      else if (event.event === 'reset') {
        const message = messageOf(data.message);
        message.text = data.parts === 0 ? '' : message.text.slice(0, data.length);
      } else if (event.event === 'run') runs.set(data.id, data.status);
      return true;
    },
  };
}

function knownOf({ role, parts }: { role: string; parts: ReadonlyArray<{ type: string; text?: string }> }) {
  return { role, text: parts.map(({ type, text = '' }) => (type === 'text' ? text : '')).join('') };
}
