// A file: an image that came with the message is shown, one elsewhere is only loaded by whoever follows
// its link, anything else can be saved.
import type { FilePart } from 'verbatim/client';
import { Icon } from '../../shared/icon.tsx';
import { OutsideLink } from '../markdown/outside-link.tsx';
import { RemoteImage } from '../markdown/remote-image.tsx';

export function FileView({ file: { mediaType, name, data, url } }: { readonly file: FilePart }) {
  const isImage = mediaType.startsWith('image/');
  const label = name ?? (isImage ? 'Image' : mediaType);
  if (url !== undefined) {
    if (isImage) return <RemoteImage href={url} text={label} />;
    return (
      <OutsideLink href={url} className="chip">
        <Icon name="file" />
        <span>{label}</span>
      </OutsideLink>
    );
  }
  const source = `data:${mediaType};base64,${data ?? ''}`;
  if (isImage) return <img className="file-image" data-part="file" src={source} alt={label} />;
  return (
    <a className="chip" data-part="file" href={source} download={name ?? 'file'}>
      <Icon name="file" />
      <span>
        {label}
        <small>{sizeOf(data ?? '')}</small>
      </span>
    </a>
  );
}

function sizeOf(base64: string): string {
  const sizeBytes = Math.floor((base64.replace(/=+$/, '').length * 3) / 4);
  if (sizeBytes < 1_000) return `${sizeBytes} bytes`;
  return sizeBytes < 1_000_000 ? `${Math.round(sizeBytes / 1_000)} kB` : `${(sizeBytes / 1_000_000).toFixed(1)} MB`;
}
