// The parts of a message in their order, each in its own way. A tool's result stands with its call.
import type { Part } from 'verbatim/client';
import { placed } from '../../shared/placed.ts';
import { DataView } from './data-view.tsx';
import { FileView } from './file-view.tsx';
import { Reasoning } from './reasoning.tsx';
import { Source } from './source.tsx';
import { TextView } from './text-view.tsx';
import { ToolCall } from './tool-call.tsx';

interface PartsProps {
  readonly parts: readonly Part[];
  /** Whether more may come. */
  readonly growing: boolean;
}

export function Parts({ parts, growing }: PartsProps) {
  return placed(parts).map(({ place, item }) => (
    <OnePart key={place} part={item} parts={parts} growing={growing} isLast={place === parts.length - 1} />
  ));
}

interface OnePartProps extends PartsProps {
  readonly part: Part;
  readonly isLast: boolean;
}

function OnePart({ part, parts, growing, isLast }: OnePartProps) {
  switch (part.type) {
    case 'text':
      return <TextView text={part.text} growing={growing && isLast} />;
    case 'reasoning':
      return <Reasoning text={part.text} growing={growing && isLast} />;
    case 'tool-call': {
      const result = parts.find((other) => other.type === 'tool-result' && other.call === part.id);
      return <ToolCall call={part} result={result?.type === 'tool-result' ? result : undefined} growing={growing} />;
    }
    case 'source':
      return <Source source={part} />;
    case 'file':
      return <FileView file={part} />;
    case 'data':
      return <DataView data={part} />;
    case 'error':
      return <p className="status problem">{part.message}</p>;
    default:
      return null; // A result stands with its call, and what a newer server has is not known here.
  }
}
