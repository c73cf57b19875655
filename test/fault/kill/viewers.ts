// People who look at a conversation of demo/echo, and stay whatever happens to the server. What each is
// shown is looked at as it comes: an answer is the beginning of what it echoes, and never shrinks.
import {
  createClient,
  hasEnded,
  textOf,
  type Conversation,
  type ConversationId,
  type RunStatus,
} from 'verbatim/client';
import { connect, systemClock, type Clock } from 'verbatim/sse';
import { createSeededRandom } from 'verbatim/testing';
import { createWireView } from '../../support/wire-view.ts';

/** What one of them shows. */
export interface Viewer {
  readonly offset: number;
  /** The characters of all answers. */
  readonly shown: number;
  /** Of a message's answer; undefined while it is not shown. */
  statusOf(answer: string): RunStatus | undefined;
  /** Throws where it is another state than the server's. */
  compare(state: Conversation): void;
  close(): void;
}

export interface ViewerOptions {
  readonly url: string;
  readonly id: ConversationId;
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** The waits between two attempts are a tenth; what tells a dead connection is as long as ever. */
export const hurriedClock: Clock = {
  now: systemClock.now,
  sleep: async (ms, options) => await systemClock.sleep(hurried(ms), options),
  setTimer: (ms, callback) => systemClock.setTimer(hurried(ms), callback),
};

function hurried(ms: number): number {
  return ms < 10_000 ? ms / 10 : ms;
}

/** As a screen shows it: over the client's store. */
export function watchStore({ url, id, onChange, onFailure }: ViewerOptions, seed: number): Viewer {
  // Without its share of chance a wait is what the server asks for, which no number of kills makes longer.
  const random = { ...createSeededRandom(seed), float: () => 0 };
  const store = createClient({ baseUrl: url }, { random, clock: hurriedClock }).conversation(id);
  const answers = createAnswers();
  let state: Conversation | undefined;
  const close = store.subscribe(() => {
    try {
      const { conversation, phase, error } = store.getSnapshot();
      if (phase === 'ended') throw new Error('A viewer was turned away', { cause: error });
      if (conversation === state || conversation === undefined) return;
      lookAt(conversation);
      state = conversation;
      onChange();
    } catch (failure) {
      onFailure(failure);
    }
  });

  function lookAt({ messages }: Conversation): void {
    if (messages.length < (state?.messages.length ?? 0)) throw new Error('A message that was shown was taken back');
    for (const [index, message] of messages.entries()) {
      if (message === state?.messages[index] || message.role !== 'assistant') continue;
      const asked = messages.find((other) => other.id === message.parent);
      answers.show(message.id, { text: textOf(message), echoed: asked === undefined ? '' : textOf(asked) });
    }
  }

  return {
    get offset() {
      return state?.offset ?? 0;
    },
    get shown() {
      return answers.shown;
    },
    statusOf: (answer) => state?.messages.find((message) => message.id === answer)?.status,
    compare(expected) {
      if (JSON.stringify(state) === JSON.stringify(expected)) return;
      throw new Error(`A screen shows ${JSON.stringify(state)}, and the server says ${JSON.stringify(expected)}`);
    },
    close,
  };
}

/** By the bare events, from the first one on. */
export function watchWire({ url, id, onChange, onFailure }: ViewerOptions): Viewer {
  const view = createWireView();
  const answers = createAnswers();
  const runOf = new Map<string, string>();
  const closed = new AbortController();
  const { signal } = closed;
  const address = `${url}/api/conversations/${id}/events?after=0`;
  let asked = '';

  async function follow(): Promise<void> {
    for await (const { lastEventId, event, data } of connect(address, {
      signal,
      clock: hurriedClock,
      random: { float: () => 0 },
    })) {
      if (event === 'snapshot') throw new Error('Expected to go on behind the cursor, got a snapshot');
      const value = JSON.parse(data) as { id: string; message: string; role: string }; // As the API gives them.
      view.take({ id: lastEventId, event, data: value });
      if (event === 'message' && value.role === 'user') asked = view.messages.get(value.id)?.text ?? '';
      if (event === 'run') runOf.set(value.message, value.id);
      const answer = view.messages.get(value.message);
      if (answer !== undefined) answers.show(value.message, { text: answer.text, echoed: asked });
      onChange();
    }
    throw new Error('The stream of a viewer ended');
  }

  follow().catch((error: unknown) => {
    if (!signal.aborted) onFailure(error);
  });
  return {
    get offset() {
      return view.offset;
    },
    get shown() {
      return answers.shown;
    },
    statusOf: (answer) => view.runs.get(runOf.get(answer) ?? '') as RunStatus | undefined, // As the API gives it.
    compare({ messages, runs, offset }) {
      const [texts, statuses] = [messages.map((message) => [message.id, textOf(message)]), runs.map(statusOf)];
      const mine = [view.offset, [...view.messages].map(([key, { text }]) => [key, text]), [...view.runs]];
      if (JSON.stringify(mine) === JSON.stringify([offset, texts, statuses])) return;
      throw new Error(
        `The events say ${JSON.stringify(mine)}, and the server ${JSON.stringify([offset, texts, statuses])}`,
      );
    },
    close: () => closed.abort(),
  };
}

function statusOf({ id, status }: Conversation['runs'][number]): [string, RunStatus] {
  return [id, status];
}

export function isOver(status: RunStatus | undefined): boolean {
  return status !== undefined && hasEnded(status);
}

interface Shown {
  readonly text: string;
  /** What the model was asked to say. */
  readonly echoed: string;
}

/** The answers that one viewer was shown. */
function createAnswers() {
  const texts = new Map<string, string>();
  let shown = 0;
  return {
    get shown() {
      return shown;
    },
    show(answer: string, { text, echoed }: Shown): void {
      const before = texts.get(answer) ?? '';
      if (!echoed.startsWith(text)) throw new Error(`Not what the model says: …${JSON.stringify(text.slice(-80))}`);
      if (!text.startsWith(before)) throw new Error(`What was shown was taken back, down to ${text.length} characters`);
      texts.set(answer, text);
      shown += text.length - before.length;
    },
  };
}
