// What a person wrote, as it was written.
import { textOf, type Message } from 'verbatim/client';
import { memo } from 'react';

export const UserMessage = memo(function UserMessage({ message }: { readonly message: Message }) {
  return (
    <article
      className="message user"
      data-role="user"
      data-status={message.status}
      data-message-id={message.id}
      aria-label="You"
    >
      <div className="bubble" data-part="text" dir="auto">
        {textOf(message)}
      </div>
    </article>
  );
});
