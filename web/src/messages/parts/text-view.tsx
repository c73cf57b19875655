// What an answer says.
import { Markdown } from '../markdown/markdown.tsx';

export function TextView({ text, growing }: { readonly text: string; readonly growing: boolean }) {
  return (
    <div className="answer-text" data-part="text" data-growing={growing} dir="auto">
      <Markdown text={text} growing={growing} />
    </div>
  );
}
