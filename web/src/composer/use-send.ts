// Sending a message, exactly once: one key a message, kept over failures and refreshes, and the
// text stays in the draft until the server has it.
import { useCallback, useState, useSyncExternalStore } from 'react';
import { messageOf, type Client, type ConversationId } from 'verbatim/client';
import { emptyDraft, readDraft, subscribeToDrafts, writeDraft, type Pending } from './drafts.ts';

export type SendState =
  | { readonly type: 'idle' }
  | { readonly type: 'sending' }
  | { readonly type: 'failed'; readonly reason: string };

export interface Send {
  readonly text: string;
  readonly state: SendState;
  write(text: string): void;
  /** Sends; the model where it is not the conversation's own. */
  submit(message: { text: string; model: string | undefined }): void;
}

interface SendOptions {
  /** Undefined: the first message of a conversation that is made for it. */
  readonly id: ConversationId | undefined;
  /** After the server has the message. */
  readonly onSent: (id: ConversationId) => void;
}

export function useSend(client: Client, { id, onSent }: SendOptions): Send {
  const name = nameOf(id);
  const draft = useSyncExternalStore(
    subscribeToDrafts,
    useCallback(() => readDraft(name), [name]),
  );
  const [state, setState] = useState<SendState>({ type: 'idle' });

  const submit: Send['submit'] = ({ text, model }) => {
    if (text.trim() === '' || state.type === 'sending') return;
    setState({ type: 'sending' });
    const known = readDraft(name).pending;
    // The same message again keeps its key; another one is another message.
    const same = known !== undefined && known.text === text && known.model === model;
    const pending = same ? known : { key: client.newKey(), text, model, conversation: id };
    writeDraft(name, { text, pending });
    deliver(client, { name, pending }).then(
      (sentTo) => {
        writeDraft(name, emptyDraft);
        setState({ type: 'idle' });
        onSent(sentTo);
      },
      (error: unknown) => setState({ type: 'failed', reason: messageOf(error) }),
    );
  };

  return { text: draft.text, state, write: (text) => writeDraft(name, { text }), submit };
}

/** The model of the message that was on its way when the page was left. */
export function pendingModel(id: ConversationId | undefined): string | undefined {
  return readDraft(nameOf(id)).pending?.model;
}

function nameOf(id: ConversationId | undefined): string {
  return id ?? 'new';
}

async function deliver(client: Client, { name, pending }: { name: string; pending: Pending }): Promise<ConversationId> {
  const { key, text, model } = pending;
  let id = pending.conversation;
  if (id === undefined) {
    const created = await client.createConversation(model === undefined ? {} : { model }, { key });
    id = created.id;
    writeDraft(name, { pending: { ...pending, conversation: id } });
  }
  await client.send(id, { text, model }, { key });
  return id;
}
