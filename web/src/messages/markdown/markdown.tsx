// Markdown as it streams. Elements are made from tokens, never from HTML, so that there is no
// markup to sanitise.
import { useState } from 'react';
import { MarkdownBlock } from './markdown-block.tsx';
import { createBlockReader } from './read-blocks.ts';

interface MarkdownProps {
  readonly text: string;
  /** Whether more text may come. */
  readonly growing: boolean;
}

export function Markdown({ text, growing }: MarkdownProps) {
  const [readBlocks] = useState(createBlockReader);
  const { blocks, links } = readBlocks(text);
  return blocks.map(({ at, source }, index) => (
    <MarkdownBlock key={at} source={source} links={links} growing={growing && index === blocks.length - 1} />
  ));
}
