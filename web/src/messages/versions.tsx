// Which of several versions of a message is looked at, and the way to those beside it.
import type { MessageId } from 'verbatim/client';
import { Icon, type IconName } from '../shared/icon.tsx';

export interface VersionsProps {
  /** 1 for the oldest. */
  readonly version: number;
  readonly count: number;
  readonly previous: MessageId | undefined;
  readonly next: MessageId | undefined;
  readonly onSelect: (message: MessageId) => void;
}

export function Versions({ version, count, previous, next, onSelect }: VersionsProps) {
  return (
    <fieldset className="versions" aria-label="Versions">
      <Arrow icon="previous" label="Previous version" to={previous} onSelect={onSelect} />
      <output aria-label={`Version ${version} of ${count}`}>
        {version}/{count}
      </output>
      <Arrow icon="next" label="Next version" to={next} onSelect={onSelect} />
    </fieldset>
  );
}

interface ArrowProps {
  readonly icon: IconName;
  readonly label: string;
  readonly to: MessageId | undefined;
  readonly onSelect: (message: MessageId) => void;
}

/** At an end it is not disabled but says so, lest the keyboard's focus be lost there. */
function Arrow({ icon, label, to, onSelect }: ArrowProps) {
  return (
    <button
      type="button"
      className="small-button"
      aria-label={label}
      aria-disabled={to === undefined}
      onClick={() => {
        if (to !== undefined) onSelect(to);
      }}
    >
      <Icon name={icon} />
    </button>
  );
}
