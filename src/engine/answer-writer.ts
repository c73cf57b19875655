// An answer on its way to the log: while one append is being committed, what comes gathers in the
// next. A slow store gives fewer and bigger deltas, and at last holds the model up.
import { isGrowing, type GrowingPart, type Part, type ToolCallPart } from '../conversation/message.ts';
import type { ConversationEvent, DeltaAdded, MessageReset, PartAdded } from '../conversation/event.ts';
import type { MessageId } from '../core/ids.ts';
import type { ModelPart } from './model.ts';

/** Text that may wait for the store before reading from the model pauses, in UTF-16 code units. */
const maxWaitingLength = 64 * 1024; // Chosen: minutes of a fast model's text.

/** What a model says that is part of its answer. */
type Piece = Exclude<ModelPart, { type: 'started' | 'finish' }>;
type PieceOf<Type extends Piece['type']> = Extract<Piece, { type: Type }>;

export interface AnswerWriter {
  /** The answer's parts, with what is not yet written. */
  readonly parts: readonly Part[];
  /** Takes a piece, and waits only while too much of it waits for the store. */
  add(piece: Piece): Promise<void>;
  /** Takes all back but so many parts. */
  takeBack(count: number): Promise<void>;
  /** Resolves when all is durable. */
  written(): Promise<void>;
}

export interface AnswerWriterOptions {
  readonly message: MessageId;
  /** What is in the log of it. What comes first goes on in the last part, where that is of its type. */
  readonly parts: readonly Part[];
  /** Appends the events, as one. */
  readonly write: (events: readonly ConversationEvent[]) => Promise<void>;
}

/** A delta that waits can still take more text. */
type Waiting = PartAdded | MessageReset | { -readonly [Field in keyof DeltaAdded]: DeltaAdded[Field] };

export function createAnswerWriter({ message, parts: written, write }: AnswerWriterOptions): AnswerWriter {
  const parts: Part[] = [...written];
  let waiting: Waiting[] = [];
  let waitingLength = 0;
  let writing: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  // Which part the next piece of text goes on in: that of any name where an answer is taken up, that of
  // the same name behind a piece of it, and none behind what has ended.
  let open: { readonly id: string | undefined } | 'any' | 'none' = 'any';

  async function writeAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const events = waiting;
        waiting = [];
        waitingLength = 0;
        await write(events);
      }
    } catch (error) {
      failure = { error };
    } finally {
      writing = undefined;
    }
  }

  async function settle(): Promise<void> {
    await writing;
    if (failure !== undefined) throw failure.error;
  }

  async function begin(addedLength: number): Promise<void> {
    if (failure !== undefined) throw failure.error;
    waitingLength += addedLength;
    writing ??= writeAll();
    if (waitingLength > maxWaitingLength) await settle();
  }

  function push(value: PartAdded['value'], part: number, mark: string | undefined): void {
    waiting.push({ type: 'part', message, part, value, ...(mark === undefined ? {} : { mark }) });
  }

  async function addWhole(part: Part, mark: string | undefined): Promise<void> {
    push(part, parts.length, mark);
    parts.push(part);
    await begin(isGrowing(part) ? part.text.length : JSON.stringify(part).length);
  }

  async function replace(index: number, part: Part, mark: string | undefined): Promise<void> {
    parts[index] = part;
    push(part, index, mark);
    await begin(JSON.stringify(part).length);
  }

  async function grow(index: number, part: GrowingPart, { text, mark }: { text: string; mark?: string | undefined }) {
    const last = waiting.at(-1);
    if (last?.type === 'delta' && last.part === index) {
      last.text += text;
      if (mark !== undefined) last.mark = mark;
    } else {
      const at = part.text.length;
      waiting.push({ type: 'delta', message, part: index, at, text, ...(mark === undefined ? {} : { mark }) });
    }
    parts[index] = { ...part, text: part.text + text };
    await begin(text.length);
  }

  async function addText({ type, text, id, mark }: PieceOf<'text' | 'reasoning'>): Promise<void> {
    if (text === '') return;
    const last = parts.at(-1);
    const goesOn = last?.type === type && (open === 'any' || (open !== 'none' && open.id === id));
    open = { id };
    await (goesOn ? grow(parts.length - 1, last, { text, mark }) : addWhole({ type, text }, mark));
  }

  /** The call of that name that has no result; some providers count their calls anew in each step. */
  function findCall(id: string): { call: ToolCallPart; index: number } | undefined {
    const index = parts.findLastIndex(
      (part) => (part.type === 'tool-call' && part.id === id) || (part.type === 'tool-result' && part.call === id),
    );
    const call = parts[index];
    return call?.type === 'tool-call' ? { call, index } : undefined;
  }

  async function addCallDelta({ id, name, text, mark }: PieceOf<'tool-call-delta'>): Promise<void> {
    open = 'none';
    const found = findCall(id);
    if (found === undefined) await addWhole({ type: 'tool-call', id, name, text }, mark);
    else if (text !== '') await grow(found.index, found.call, { text, mark });
  }

  async function addCall({ mark, ...call }: PieceOf<'tool-call'>): Promise<void> {
    open = 'none';
    const found = findCall(call.id);
    if (found === undefined) return await addWhole(call, mark);
    const rest = call.text.startsWith(found.call.text) ? call.text.slice(found.call.text.length) : undefined;
    const hasMore = call.providerData !== undefined || call.isRunByProvider !== undefined;
    if (rest === undefined || hasMore) await replace(found.index, { ...found.call, ...call }, mark);
    else if (rest !== '') await grow(found.index, found.call, { text: rest, mark });
  }

  async function endReasoning({ providerData, mark }: PieceOf<'reasoning-end'>): Promise<void> {
    open = 'none';
    const index = parts.findLastIndex((part) => part.type === 'reasoning');
    const part = parts[index];
    if (part === undefined || providerData === undefined) return;
    parts[index] = { ...part, providerData } as Part; // It is the reasoning part that was found.
    push({ type: 'reasoning', providerData }, index, mark);
    await begin(JSON.stringify(providerData)?.length ?? 0);
  }

  return {
    parts,
    async add(piece) {
      switch (piece.type) {
        case 'text':
        case 'reasoning':
          return await addText(piece);
        case 'reasoning-end':
          return await endReasoning(piece);
        case 'tool-call-delta':
          return await addCallDelta(piece);
        case 'tool-call':
          return await addCall(piece);
        case 'part':
          open = 'none';
          return await addWhole(piece.part, piece.mark);
        default: // What a newer model says is left out.
      }
    },
    async takeBack(count) {
      if (parts.length <= count) return;
      parts.length = count;
      open = 'none';
      waiting.push({ type: 'reset', message, parts: count });
      await begin(0);
    },
    written: settle,
  };
}
