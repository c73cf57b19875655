// Blocks to elements: paragraphs, headings, lists, quotations, code and tables.
import type { MarkedToken, Token, Tokens } from 'marked';
import { createElement, type ReactNode } from 'react';
import { placed } from '../../shared/placed.ts';
import { CodeBlock } from './code-block.tsx';
import { Inline } from './inline.tsx';
import { known } from './parse-block.ts';
import { TableBlock } from './table-block.tsx';

interface BlockTokensProps {
  readonly tokens: Token[];
  /** In a list whose items stand close together, their text is no paragraph. */
  readonly tight?: boolean | undefined;
  /** `auto` for what stands on its own: what is inside it runs the same way. */
  readonly dir?: 'auto' | undefined;
}

export function BlockTokens({ tokens, tight = false, dir }: BlockTokensProps) {
  return placed(known(tokens)).map(({ place, item }) => (
    <BlockToken key={place} token={item} tight={tight} dir={dir} />
  ));
}

interface BlockTokenProps {
  readonly token: MarkedToken;
  readonly tight: boolean;
  readonly dir: 'auto' | undefined;
}

function BlockToken({ token, tight, dir }: BlockTokenProps): ReactNode {
  switch (token.type) {
    case 'paragraph':
      return (
        <p dir={dir}>
          <Inline tokens={token.tokens} />
        </p>
      );
    case 'heading':
      return <Heading heading={token} dir={dir} />;
    case 'code':
      return <CodeBlock code={token.text} language={languageOf(token)} />;
    case 'list':
      return <List list={token} dir={dir} />;
    case 'blockquote':
      return (
        <blockquote dir={dir}>
          <BlockTokens tokens={token.tokens} />
        </blockquote>
      );
    case 'table':
      return <TableBlock table={token} />;
    case 'hr':
      return <hr />;
    case 'checkbox':
      return <input type="checkbox" checked={token.checked} disabled aria-label={token.checked ? 'Done' : 'To do'} />;
    case 'html':
      return token.text.trim().startsWith('<!--') ? null : <p className="html-source">{token.text.trimEnd()}</p>;
    case 'space':
    case 'def':
      return null;
    default:
      return <Text token={token} tight={tight} />;
  }
}

function List({ list, dir }: { readonly list: Tokens.List; readonly dir: 'auto' | undefined }) {
  const items = placed(list.items).map(({ place, item }) => (
    <li key={place} className={item.task ? 'task' : undefined}>
      <BlockTokens tokens={item.tokens} tight={!item.loose} />
    </li>
  ));
  if (!list.ordered) return <ul dir={dir}>{items}</ul>;
  return (
    <ol dir={dir} start={list.start === '' ? 1 : list.start}>
      {items}
    </ol>
  );
}

function Text({ token, tight }: { readonly token: MarkedToken; readonly tight: boolean }) {
  const text = <Inline tokens={[token]} />;
  return tight ? text : <p>{text}</p>;
}

/** One deeper than written: the page's own heading is above all of them. */
function Heading({ heading, dir }: { readonly heading: Tokens.Heading; readonly dir: 'auto' | undefined }) {
  const depth = Math.min(heading.depth + 1, 6);
  return createElement(`h${depth}`, { dir }, <Inline tokens={heading.tokens} />);
}

function languageOf(code: Tokens.Code): string {
  return (code.lang ?? '').split(/\s/, 1)[0] ?? '';
}
