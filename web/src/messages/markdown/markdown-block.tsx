// One block of Markdown, rendered again only when its own text changes.
import type { Links } from 'marked';
import { memo } from 'react';
import { BlockTokens } from './block-tokens.tsx';
import { parseBlock } from './parse-block.ts';

interface MarkdownBlockProps {
  readonly source: string;
  readonly links: Links;
  /** The last block of an answer that is being written. */
  readonly growing: boolean;
}

export const MarkdownBlock = memo(function MarkdownBlock({ source, links, growing }: MarkdownBlockProps) {
  return <BlockTokens tokens={parseBlock(source, { links, growing })} dir="auto" />;
});
