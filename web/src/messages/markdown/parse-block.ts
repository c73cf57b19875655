// The tokens of one block, with everything inside it.
import { Lexer, type Links, type MarkedToken, type Token } from 'marked';
import remend from 'remend';

/** `growing`: what is not closed yet, such as bold text in its middle, is closed first. */
export function parseBlock(source: string, { links, growing }: { links: Links; growing: boolean }): MarkedToken[] {
  const lexer = new Lexer({ gfm: true });
  Object.assign(lexer.tokens.links, links);
  const closed = growing && !isCode(source) ? remend(source, { linkMode: 'text-only' }) : source;
  return known(lexer.lex(closed));
}

/** Without extensions marked makes no other tokens than these. */
export function known(tokens: Token[] | undefined): MarkedToken[] {
  return (tokens ?? []) as MarkedToken[];
}

function isCode(source: string): boolean {
  return /^ {0,3}(```|~~~)/.test(source);
}
