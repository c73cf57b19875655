// Somebody with a client of their own: creates conversations, sends, sends again, asks again, stops,
// changes, takes away and brings back, opens and closes screens, and tries again what failed.
import { createClient, hasEnded, isRetryable, isStreamError, type ErrorCode, type Sent } from 'verbatim/client';
import type { ConversationId } from '../../src/core/ids.ts';
import type { Conversation } from '../../src/conversation/reduce.ts';
import type { Chance } from './chance.ts';
import type { Lane } from './clock.ts';
import type { Asked, Asking, Ledger, Stopped } from './ledger.ts';
import { hangs, modelNames } from './models.ts';
import type { Trace } from './trace.ts';
import { createViewer, type Viewer, type ViewerDeps } from './viewer.ts';

export interface Person {
  readonly name: string;
  readonly lane: Lane;
  readonly viewers: readonly Viewer[];
  /** What was asked for and is neither done nor given up. */
  readonly busy: number;
  /** Does one thing or another. */
  act(): void;
  create(): void;
  stop(conversation: ConversationId, run: string): void;
  restore(conversation: ConversationId): void;
  /** From now on nothing is given up, and a screen of each conversation stays open. */
  comeToRest(): void;
  leave(): void;
}

export interface PersonDeps extends ViewerDeps {
  readonly chance: Chance;
  readonly trace: Trace;
  readonly ledger: Ledger;
  readonly fetch: typeof globalThis.fetch;
  readonly lane: Lane;
  /** At most so many messages are sent in this world. */
  readonly maxSends: number;
}

export function createPerson(name: string, deps: PersonDeps): Person {
  const { chance, trace, ledger, lane } = deps;
  const client = createClient(
    { baseUrl: 'http://localhost', fetch: deps.fetch },
    { clock: lane, random: chance.fork() },
  );
  const viewers: Viewer[] = [];
  // What others may have taken away meanwhile.
  const gone: ErrorCode[] = deps.mayVanish ? ['conversation-not-found', 'message-not-found'] : [];
  let busy = 0;
  let isAtRest = false;

  /** Calls again until it is done; now and then it is given up. */
  async function insist(
    what: string,
    call: () => Promise<unknown>,
    { inMs = 0, expects = gone }: { inMs?: number; expects?: readonly ErrorCode[] } = {},
  ): Promise<void> {
    busy += 1;
    try {
      if (inMs > 0) await lane.sleep(inMs);
      while (true) {
        try {
          await call();
          trace.note(`${name}: ${what} done`);
          return;
        } catch (error) {
          trace.note(`${name}: ${what} failed: ${isStreamError(error) ? error.code : String(error)}`);
          if (isStreamError(error) && expects.includes(error.code)) return;
          if (!isStreamError(error) || !isRetryable(error.code)) {
            trace.blame(`${name}: ${what} failed for good: ${String(error)}`);
            return;
          }
          if (!isAtRest && chance.happens(0.15)) return;
        }
        await lane.sleep(chance.between(100, 3_000));
      }
    } finally {
      busy -= 1;
    }
  }

  /** Once, and now and then again by the same key: at once, as by a double click, or later, as by another tab. */
  function insistOften(what: string, call: () => Promise<unknown>, expects: readonly ErrorCode[] = gone): void {
    void insist(what, call, { expects });
    if (chance.happens(0.2)) void insist(`${what} again at once`, call, { expects });
    if (chance.happens(0.2)) void insist(`${what} again`, call, { expects, inMs: chance.between(500, 8_000) });
  }

  function newAsked(text: string): Asked {
    return { text, key: client.newKey(), answers: [] };
  }

  function seen(id: ConversationId): Conversation | undefined {
    return viewers.find((viewer) => viewer.conversation === id && !viewer.isOver)?.view().conversation;
  }

  function create(): void {
    const asked = newAsked(chance.happens(0.5) ? `title ${ledger.created.length}` : '');
    ledger.created.push(asked);
    insistOften(`create "${asked.text}"`, async () => {
      const { id } = await client.createConversation({ title: asked.text }, asked);
      asked.answers.push(id);
      if (!ledger.conversations.includes(id)) ledger.conversations.push(id);
    });
  }

  function ask(asking: Asking, call: () => Promise<Sent>, expects?: readonly ErrorCode[]): void {
    ledger.sent.push(asking);
    const what = `${asking.type} "${asking.text}"`;
    insistOften(what, async () => void asking.answers.push((await call()).answer.id), expects);
  }

  function drawModels(): string | string[] {
    if (chance.happens(0.5)) return 'sim/go-on';
    return chance.happens(0.15) ? [chance.pick(modelNames), 'sim/quick'] : chance.pick(modelNames);
  }

  function send(conversation: ConversationId): void {
    const model = drawModels();
    const models = typeof model === 'string' ? 1 : model.length;
    const asked = newAsked(`question ${ledger.sent.length} of ${name}`);
    const asking: Asking = { ...asked, type: 'send', conversation, models };
    // An edit: beside what somebody asked before.
    const parents = seen(conversation)?.messages.filter(({ role }) => role === 'assistant') ?? [];
    const parent = chance.happens(0.2) ? (chance.pick([...parents, null])?.id ?? null) : undefined;
    const whileRunning = chance.pick(['queue', 'queue', 'interrupt', 'refuse'] as const);
    const request = { text: asked.text, model, parent, whileRunning };
    ask(asking, () => client.send(conversation, request, asked), [...gone, 'conversation-busy']);
  }

  function regenerate(conversation: ConversationId): void {
    const message = drawMessage(conversation);
    if (message === undefined) return;
    const asked = newAsked(message);
    const asking: Asking = { ...asked, type: 'regenerate', conversation, models: 1 };
    const model = chance.happens(0.5) ? chance.pick(modelNames) : undefined;
    ask(asking, () => client.regenerate(conversation, { message, model }, asked));
  }

  function drawMessage(conversation: ConversationId): string | undefined {
    return chance.pick(seen(conversation)?.messages ?? [])?.id;
  }

  function change(conversation: ConversationId): void {
    const leaf = drawMessage(conversation);
    if (leaf !== undefined && chance.happens(0.6)) {
      const key = client.newKey();
      insistOften(`look at ${leaf}`, () => client.changeConversation(conversation, { leaf }, { key }));
      return;
    }
    const asked = newAsked(`name ${ledger.titled.length} by ${name}`);
    ledger.titled.push({ ...asked, conversation });
    insistOften(`name it "${asked.text}"`, async () => {
      await client.changeConversation(conversation, { title: asked.text }, asked);
      asked.answers.push('done');
    });
  }

  function remove(conversation: ConversationId): void {
    const message = drawMessage(conversation);
    const dice = chance.float();
    if (dice < 0.3) void insist('delete', () => client.deleteConversation(conversation));
    else if (dice < 0.5) restore(conversation);
    else if (message !== undefined) {
      const command = chance.pick(['removeMessage', 'restoreMessage'] as const);
      void insist(`${command} ${message}`, () => client[command](conversation, message));
    }
  }

  function restore(conversation: ConversationId): void {
    void insist('restore', () => client.restoreConversation(conversation));
  }

  function stop(conversation: ConversationId, run: string): void {
    const offset = chance.happens(0.3) ? seen(conversation)?.offset : undefined;
    const stopped: Stopped = { conversation, run, seen: offset, acknowledgedAt: undefined };
    ledger.stopped.push(stopped);
    void insist(`stop ${run}`, async () => {
      await client.stop(run, { seen: offset });
      stopped.acknowledgedAt ??= deps.head(conversation);
    });
  }

  function stopOne(conversation: ConversationId): void {
    const live = seen(conversation)?.runs.filter(({ status }) => !hasEnded(status)) ?? [];
    const run = live.find(({ model }) => hangs(model)) ?? chance.pick(live);
    if (run !== undefined) stop(conversation, run.id);
  }

  function watch(id: ConversationId): Viewer {
    const known = viewers.find((viewer) => viewer.conversation === id && !viewer.isOver);
    if (known !== undefined) return known;
    const viewer = createViewer(`${name}'s screen of ${id.slice(0, 6)}`, { id, store: client.conversation(id) }, deps);
    viewers.push(viewer);
    return viewer;
  }

  return {
    name,
    lane,
    viewers,
    get busy() {
      return busy;
    },
    create,
    stop,
    restore,
    act() {
      const conversation = chance.pick(ledger.conversations);
      if (conversation === undefined) return;
      const dice = chance.float();
      if (dice < 0.4) {
        if (ledger.sent.length >= deps.maxSends) return;
        if (dice < 0.3) send(conversation);
        else regenerate(conversation);
      } else if (dice < 0.5) {
        if (deps.mayVanish && dice < 0.45) remove(conversation);
        else change(conversation);
      } else if (dice < 0.65) stopOne(conversation);
      else if (dice < 0.85) watch(conversation).open();
      else chance.pick(viewers)?.close();
    },
    comeToRest() {
      isAtRest = true;
      for (const id of ledger.conversations) watch(id).open();
    },
    leave() {
      for (const viewer of viewers) viewer.close();
    },
  };
}
