// Something that an answer rests on, as a link.
import type { SourcePart } from 'verbatim/client';
import { Icon } from '../../shared/icon.tsx';
import { OutsideLink } from '../markdown/outside-link.tsx';
import { safeUrl } from '../markdown/safe-url.ts';

export function Source({ source: { url, title } }: { readonly source: SourcePart }) {
  const safe = safeUrl(url);
  return (
    <p className="source" data-part="source">
      <OutsideLink href={url} className="chip">
        <Icon name="external" />
        <span>
          {title ?? url}
          {title !== undefined && safe !== undefined && <small>{new URL(safe).host}</small>}
        </span>
      </OutsideLink>
    </p>
  );
}
