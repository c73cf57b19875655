// Whether what is shown is what there is: the state of the connection, always in sight.
import type { Phase } from 'verbatim/client';

const words: Readonly<Record<Phase, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  stale: 'Reconnecting…',
  offline: 'Offline',
  ended: 'Disconnected',
};

export function ConnectionBadge({ phase }: { readonly phase: Phase }) {
  return (
    <output className="connection" data-testid="connection" data-phase={phase}>
      {words[phase]}
    </output>
  );
}
