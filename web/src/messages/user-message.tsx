// What a person wrote, as it was written, with the files that came with it.
import { memo } from 'react';
import { textOf, type Message } from 'verbatim/client';
import { placed } from '../shared/placed.ts';
import { FileView } from './parts/file-view.tsx';

export const UserMessage = memo(function UserMessage({ message }: { readonly message: Message }) {
  const text = textOf(message);
  const files = message.parts.filter((part) => part.type === 'file');
  return (
    <article
      className="message user"
      data-role="user"
      data-status={message.status}
      data-message-id={message.id}
      aria-label="You"
    >
      {placed(files).map(({ place, item }) => (
        <FileView key={place} file={item} />
      ))}
      {text !== '' && (
        <div className="bubble" data-part="text" dir="auto">
          {text}
        </div>
      )}
    </article>
  );
});
