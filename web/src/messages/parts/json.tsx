// A value of a program: JSON, laid out; text that is none, as while it streams, as it is.
export function Json({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <figure className="json" dir="ltr">
      <figcaption>{label}</figcaption>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- What scrolls must be reachable by keyboard. */}
      <pre tabIndex={0} aria-label={label}>
        <code>{layOut(text)}</code>
      </pre>
    </figure>
  );
}

function layOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
