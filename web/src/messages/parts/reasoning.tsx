// What a model thought before it answered.
import { Markdown } from '../markdown/markdown.tsx';
import { Fold } from './fold.tsx';

export function Reasoning({ text, growing }: { readonly text: string; readonly growing: boolean }) {
  return (
    <Fold part="reasoning" label={growing ? 'Thinking…' : 'Reasoning'}>
      <div className="answer-text reasoning" dir="auto">
        <Markdown text={text} growing={growing} />
      </div>
    </Fold>
  );
}
