// A link out of the page, which learns nothing about the page it came from.
import type { ReactNode } from 'react';
import { safeUrl } from './safe-url.ts';

interface OutsideLinkProps {
  readonly href: string;
  readonly title?: string | undefined;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

export function OutsideLink({ href, title, className, children }: OutsideLinkProps) {
  const url = safeUrl(href);
  if (url === undefined) return <span className={className}>{children}</span>;
  return (
    <a href={url} title={title ?? url} className={className} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
