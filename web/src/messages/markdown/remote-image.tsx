// Stands where an image would. It is not loaded: its address can carry words of the conversation
// to whoever serves it.
import { Icon } from '../../shared/icon.tsx';
import { OutsideLink } from './outside-link.tsx';
import { safeUrl } from './safe-url.ts';

export function RemoteImage({ href, text }: { readonly href: string; readonly text: string }) {
  const url = safeUrl(href);
  return (
    <OutsideLink href={href} className="remote-image">
      <Icon name="image" />
      <span>
        {text === '' ? 'Image' : text}
        <small>{url === undefined ? 'image, not shown' : `image on ${new URL(url).host}, not loaded`}</small>
      </span>
    </OutsideLink>
  );
}
