// Copies a text, and says so for as long as the style's animation lasts.
import { useState } from 'react';
import { Icon } from './icon.tsx';

interface CopyButtonProps {
  /** Asked only when it is pressed. */
  readonly text: () => string;
  /** What is copied, such as `answer`. */
  readonly what: string;
}

export function CopyButton({ text, what }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'copied' | 'failed'>();
  const copy = (): void => {
    writeText(text()).then(
      () => setOutcome('copied'),
      () => setOutcome('failed'),
    );
  };
  return (
    <button type="button" className="copy" aria-label={`Copy ${what}`} onClick={copy}>
      <Icon name={outcome === 'copied' ? 'check' : 'copy'} />
      {outcome === undefined ? (
        <span>Copy</span>
      ) : (
        <output className="copy-outcome" onAnimationEnd={() => setOutcome(undefined)}>
          {outcome === 'copied' ? 'Copied' : 'Not allowed'}
        </output>
      )}
    </button>
  );
}

async function writeText(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
