// The bar above a screen: the way to the conversations on a narrow one, the title, and what else
// the screen has to show.
import type { ReactNode } from 'react';
import { Icon } from './icon.tsx';

interface ScreenHeaderProps {
  readonly title: string;
  readonly onOpenMenu: () => void;
  readonly children?: ReactNode;
}

export function ScreenHeader({ title, onOpenMenu, children }: ScreenHeaderProps) {
  return (
    <header className="screen-header">
      <button type="button" className="icon-button menu-button" aria-label="Open conversations" onClick={onOpenMenu}>
        <Icon name="menu" />
      </button>
      <h1 dir="auto" title={title}>
        {title}
      </h1>
      {children}
    </header>
  );
}
