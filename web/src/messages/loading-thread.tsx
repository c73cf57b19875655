// Stands where the messages will be, until the first snapshot is there.
import type { Phase } from 'verbatim/client';

export function LoadingThread({ phase }: { readonly phase: Phase }) {
  return (
    <div className="thread">
      <p className="thread-empty" aria-busy={phase === 'connecting'}>
        {phase === 'offline' ? 'This device is offline. The conversation will open when it is back.' : waiting(phase)}
      </p>
    </div>
  );
}

function waiting(phase: Phase): string {
  return phase === 'ended' ? 'The conversation could not be opened.' : 'Opening the conversation…';
}
