// What can be done about the messages of a conversation; each resolves when the server has it.
import { useMemo } from 'react';
import type { Client, ConversationId, Message, MessageId } from 'verbatim/client';

export interface ThreadActions {
  /** Looks at the line through the message. */
  select(message: MessageId): Promise<unknown>;
  /** Asks for another answer beside this one. */
  regenerate(message: MessageId): Promise<unknown>;
  /** Sends the text in the place of the message, beside it, with the same files. */
  edit(message: Message, text: string, key: string): Promise<unknown>;
  newKey(): string;
}

interface ThreadOptions {
  readonly id: ConversationId;
  /** The model that a person chose; undefined for the conversation's own. */
  readonly model: string | undefined;
  /** When an answer is on its way. */
  readonly onSent: () => void;
}

/** The same object for as long as its options are. */
export function useThreadActions(client: Client, { id, model, onSent }: ThreadOptions): ThreadActions {
  return useMemo(
    () => ({
      select: (leaf) => client.changeConversation(id, { leaf }),
      async regenerate(message) {
        await client.regenerate(id, { message });
        onSent();
      },
      async edit({ parts, parent }, text, key) {
        const files = parts.flatMap((part) => {
          if (part.type !== 'file') return [];
          const { type: _type, ...file } = part;
          return [file];
        });
        await client.send(id, { text, files, parent, model }, { key });
        onSent();
      },
      newKey: () => client.newKey(),
    }),
    [client, id, model, onSent],
  );
}
