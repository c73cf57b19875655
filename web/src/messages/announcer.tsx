// Tells those who listen that an answer began or ended; never its words, one by one.
import { useEffect, useRef, useState } from 'react';
import type { Run, RunStatus } from 'verbatim/client';

export function Announcer({ runs }: { readonly runs: readonly Run[] }) {
  const known = useRef(runs);
  const [text, setText] = useState('');
  useEffect(() => {
    const before = new Map(known.current.map((run) => [run.id, run.status]));
    known.current = runs;
    const changed = runs.findLast((run) => before.get(run.id) !== run.status);
    if (changed !== undefined) setText(wordsFor(changed.status));
  }, [runs]);
  return (
    <output className="visually-hidden" aria-live="polite">
      {text}
    </output>
  );
}

function wordsFor(status: RunStatus): string {
  switch (status) {
    case 'queued':
      return '';
    case 'running':
      return 'Answer started';
    case 'done':
      return 'Answer finished';
    case 'stopped':
      return 'Answer stopped';
    case 'failed':
      return 'Answer failed';
    case 'interrupted':
      return 'Answer interrupted';
  }
}
