// A tool that the model calls: its arguments as they come, and what it gave back.
import type { ToolCallPart, ToolResultPart } from 'verbatim/client';
import { Fold } from './fold.tsx';
import { Json } from './json.tsx';

interface ToolCallProps {
  readonly call: ToolCallPart;
  readonly result: ToolResultPart | undefined;
  /** Whether a result may still come. */
  readonly growing: boolean;
}

export function ToolCall({ call, result, growing }: ToolCallProps) {
  const label = (
    <>
      Tool <code>{call.name}</code>
    </>
  );
  return (
    <Fold part="tool-call" label={label} note={noteFor(result, growing)}>
      <Json label="Arguments" text={call.text} />
      {result !== undefined && (
        <Json label={result.isError === true ? 'Error' : 'Result'} text={textOfOutput(result.output)} />
      )}
    </Fold>
  );
}

function noteFor(result: ToolResultPart | undefined, growing: boolean): string {
  if (result === undefined) return growing ? 'running…' : 'no result';
  return result.isError === true ? 'failed' : 'done';
}

function textOfOutput(output: unknown): string {
  return typeof output === 'string' ? output : JSON.stringify(output);
}
