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
  /** Takes a piece; a promise to wait for where too much waits for the store. Errors, also at once: those of `write`. */
  add(piece: Piece): Promise<void> | undefined;
  /** Takes all back but so many parts. */
  takeBack(count: number): void;
  /** Resolves when all is durable. */
  written(): Promise<void>;
}

export interface AnswerWriterOptions {
  readonly message: MessageId;
  /** What is in the log of it. What comes first goes on in the last part, where that is of its type. */
  readonly parts: readonly Part[];
  /** Appends the events, as one. */
  readonly write: (events: readonly ConversationEvent[]) => Promise<unknown>;
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

  // What grows is this writer's own, and changed in its place: a new object for each piece would be the
  // most of what an answer allocates.
  let growing: { -readonly [Field in keyof GrowingPart]: GrowingPart[Field] } | undefined;

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

  function begin(addedLength: number): Promise<void> | undefined {
    if (failure !== undefined) throw failure.error;
    waitingLength += addedLength;
    writing ??= writeAll();
    return waitingLength > maxWaitingLength ? settle() : undefined;
  }

  function push(value: PartAdded['value'], part: number, mark: string | undefined): void {
    waiting.push({ type: 'part', message, part, value, ...(mark === undefined ? {} : { mark }) });
  }

  function addWhole(part: Part, mark: string | undefined): Promise<void> | undefined {
    push(part, parts.length, mark);
    parts.push(part);
    return begin(isGrowing(part) ? part.text.length : JSON.stringify(part).length);
  }

  function replace(index: number, part: Part, mark: string | undefined): Promise<void> | undefined {
    parts[index] = part;
    push(part, index, mark);
    return begin(JSON.stringify(part).length);
  }

  function grow(index: number, part: GrowingPart, { text, mark }: { text: string; mark?: string | undefined }) {
    const last = waiting.at(-1);
    if (last?.type === 'delta' && last.part === index) {
      last.text += text;
      if (mark !== undefined) last.mark = mark;
    } else {
      const at = part.text.length;
      waiting.push(
        mark === undefined
          ? { type: 'delta', message, part: index, at, text }
          : { type: 'delta', message, part: index, at, text, mark },
      );
    }
    if (growing !== part) parts[index] = growing = { ...part };
    growing.text += text;
    return begin(text.length);
  }

  function addText({ type, text, id, mark }: PieceOf<'text' | 'reasoning'>): Promise<void> | undefined {
    if (text === '') return undefined;
    const last = parts.at(-1);
    const goesOn = last?.type === type && (open === 'any' || (open !== 'none' && open.id === id));
    open = { id };
    return goesOn ? grow(parts.length - 1, last, { text, mark }) : addWhole({ type, text }, mark);
  }

  /** The call of that name that has no result; some providers count their calls anew in each step. */
  function findCall(id: string): { call: ToolCallPart; index: number } | undefined {
    const index = parts.findLastIndex(
      (part) => (part.type === 'tool-call' && part.id === id) || (part.type === 'tool-result' && part.call === id),
    );
    const call = parts[index];
    return call?.type === 'tool-call' ? { call, index } : undefined;
  }

  function addCallDelta({ id, name, text, mark }: PieceOf<'tool-call-delta'>): Promise<void> | undefined {
    open = 'none';
    const found = findCall(id);
    if (found === undefined) return addWhole({ type: 'tool-call', id, name, text }, mark);
    return text === '' ? undefined : grow(found.index, found.call, { text, mark });
  }

  function addCall({ mark, ...call }: PieceOf<'tool-call'>): Promise<void> | undefined {
    open = 'none';
    const found = findCall(call.id);
    if (found === undefined) return addWhole(call, mark);
    const rest = call.text.startsWith(found.call.text) ? call.text.slice(found.call.text.length) : undefined;
    const hasMore = call.providerData !== undefined || call.isRunByProvider !== undefined;
    if (rest === undefined || hasMore) return replace(found.index, { ...found.call, ...call }, mark);
    return rest === '' ? undefined : grow(found.index, found.call, { text: rest, mark });
  }

  function endReasoning({ providerData, mark }: PieceOf<'reasoning-end'>): Promise<void> | undefined {
    open = 'none';
    const index = parts.findLastIndex((part) => part.type === 'reasoning');
    const part = parts[index];
    if (part === undefined || providerData === undefined) return undefined;
    parts[index] = { ...part, providerData } as Part; // It is the reasoning part that was found.
    push({ type: 'reasoning', providerData }, index, mark);
    return begin(JSON.stringify(providerData)?.length ?? 0);
  }

  return {
    parts,
    add(piece) {
      switch (piece.type) {
        case 'text':
        case 'reasoning':
          return addText(piece);
        case 'reasoning-end':
          return endReasoning(piece);
        case 'tool-call-delta':
          return addCallDelta(piece);
        case 'tool-call':
          return addCall(piece);
        case 'part':
          open = 'none';
          return addWhole(piece.part, piece.mark);
        default:
          return undefined; // What a newer model says is left out.
      }
    },
    takeBack(count) {
      if (parts.length <= count) return;
      parts.length = count;
      open = 'none';
      waiting.push({ type: 'reset', message, parts: count });
      void begin(0);
    },
    written: settle,
  };
}
