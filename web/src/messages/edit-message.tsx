// A person's message as it is written anew: what is sent stands beside the first, which stays.
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useAutoGrow } from '../composer/use-auto-grow.ts';
import { useAction } from '../shared/use-action.ts';

interface EditMessageProps {
  readonly text: string;
  readonly newKey: () => string;
  /** Once for each key. Rejects where it was not sent; the text is then kept. */
  readonly onSend: (text: string, key: string) => Promise<unknown>;
  readonly onClose: () => void;
}

export function EditMessage({ text: before, newKey, onSend, onClose }: EditMessageProps) {
  const [text, setText] = useState(before);
  const { pending, problem, act } = useAction();
  const sent = useRef({ text: '', key: '' });
  const box = useAutoGrow(text);
  useEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(box.current.value.length, box.current.value.length);
  }, [box]);

  const submit = (): void => {
    if (text.trim() === '' || pending) return;
    // The same text again keeps its key, after a failure that may have been none.
    if (sent.current.text !== text) sent.current = { text, key: newKey() };
    act(async () => {
      await onSend(text, sent.current.key);
      onClose();
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') {
      event.preventDefault(); // Stops no answer.
      onClose();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
    }
  };
  return (
    <form
      className="edit-message"
      aria-label="Edit"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={box}
        aria-label="Your message"
        rows={1}
        dir="auto"
        value={text}
        readOnly={pending}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {problem !== undefined && (
        <p className="action-problem" role="alert">
          Not sent. {problem}
        </p>
      )}
      <div className="edit-row">
        <button type="button" className="plain-button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="plain-button strong-button" disabled={pending || text.trim() === ''}>
          Send
        </button>
      </div>
    </form>
  );
}
