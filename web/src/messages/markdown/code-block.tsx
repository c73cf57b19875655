// Code of several lines, with the name of its language and a way to copy it.
import { CopyButton } from '../../shared/copy-button.tsx';

export function CodeBlock({ code, language }: { readonly code: string; readonly language: string }) {
  return (
    <figure className="code-block" dir="ltr">
      <figcaption>
        <span>{language === '' ? 'text' : language}</span>
        <CopyButton text={() => code} what="code" />
      </figcaption>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} aria-label={language === '' ? 'Code' : `Code in ${language}`}>
        <code>{code}</code>
      </pre>
    </figure>
  );
}
