// Growing Markdown to blocks. Only its last blocks are read again when text is added, so that
// the cost of a delta is that of its block and not that of the whole answer.
import { Lexer, type Links } from 'marked';

/** A block by its source: what was there before stays the same object. */
interface Block {
  /** Where it begins in the text. */
  readonly at: number;
  readonly source: string;
}

interface Blocks {
  readonly blocks: readonly Block[];
  /** Where the links go that are defined apart from their use. The same object while none is added. */
  readonly links: Links;
}

/** This many blocks at the end may still turn into others as text comes. */
const openBlocks = 3; // Chosen: the last block, and white space with what it may yet join.

const none: Blocks = { blocks: [], links: {} };

/** A reader of one text as it grows. Given another text, it begins anew. */
export function createBlockReader(): (text: string) => Blocks {
  let lastText = '';
  let last = none;
  return (text) => {
    if (text === lastText) return last;
    const known = lastText !== '' && text.startsWith(lastText) ? last : none;
    const kept = known.blocks.slice(0, -openBlocks);
    const keptLength = kept.reduce((length, block) => length + block.source.length, 0);
    const lexer = new Lexer({ gfm: true });
    const tokens = lexer.blockTokens(text.slice(keptLength));
    let at = keptLength;
    const read = tokens.map(({ raw }) => {
      const block = { at, source: raw };
      at += raw.length;
      return block;
    });
    // A reading that changes the text, as of tabs or line ends, cannot be gone on with.
    lastText = at === text.length ? text : '';
    last = { blocks: [...kept, ...read], links: join(known.links, lexer.tokens.links) };
    return last;
  };
}

function join(known: Links, found: Links): Links {
  const added = Object.keys(found).filter((name) => known[name]?.href !== found[name]?.href);
  return added.length === 0 ? known : { ...known, ...found };
}
