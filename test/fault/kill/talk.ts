// A conversation in which something is always being answered, and its viewers. Nobody in it knows that
// the server is killed: who sends tries again until the message is taken.
import { createClient, isStreamError, type Client, type Conversation, type ConversationId } from 'verbatim/client';
import { createSeededRandom } from 'verbatim/testing';
import { hurriedClock, isOver, watchStore, watchWire, type Viewer } from './viewers.ts';

export interface Talk {
  readonly id: ConversationId;
  readonly viewers: readonly Viewer[];
  /** What was asked, in order. */
  readonly asked: readonly string[];
  /** How often the server was killed since the message was sent that is being answered. */
  readonly cuts: number;
  /** Counts a kill. */
  cut(): void;
  /** Asks, and asks again when that is answered on every screen, until nobody asks for more. */
  goOn(): Promise<void>;
}

export interface TalkOptions {
  readonly url: string;
  readonly seed: number;
  /** What is to be asked next; undefined: nothing more. */
  readonly next: () => string | undefined;
  /** Resolves when it holds; looked at whenever a viewer is shown something. */
  readonly until: (holds: () => boolean) => Promise<void>;
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** With two viewers over the client's store and one who reads the bare events. */
export async function beginTalk({ url, seed, next, until, onChange, onFailure }: TalkOptions): Promise<Talk> {
  const client = createClient({ baseUrl: url }, { random: createSeededRandom(seed), clock: hurriedClock });
  const { id } = await client.createConversation({ model: 'demo/echo' });
  const options = { url, id, onChange, onFailure };
  const viewers = [watchStore(options, seed + 1), watchStore(options, seed + 2), watchWire(options)];
  const asked: string[] = [];
  let cuts = 0;
  return {
    id,
    viewers,
    asked,
    get cuts() {
      return cuts;
    },
    cut() {
      cuts += 1;
    },
    async goOn() {
      for (let text = next(); text !== undefined; text = next()) {
        cuts = 0;
        asked.push(text);
        const answer = await send(client, { id, text });
        await until(() => viewers.every((viewer) => isOver(viewer.statusOf(answer))));
      }
    },
  };
}

/** Sends it under one key, until it is taken; gives the answer's id. */
async function send(client: Client, { id, text }: { id: Conversation['id']; text: string }): Promise<string> {
  const key = client.newKey();
  while (true) {
    try {
      return (await client.send(id, { text }, { key })).answer.id;
    } catch (error) {
      if (!isStreamError(error, 'request-failed')) throw error;
    }
  }
}
