// The box to write in: text, model, send and stop. The text stays until the server has it.
import { useEffect, type KeyboardEvent } from 'react';
import { Icon } from '../shared/icon.tsx';
import type { Models } from '../use-models.ts';
import { ComposerNotice } from './composer-notice.tsx';
import { ModelPicker } from './model-picker.tsx';
import { useAutoGrow } from './use-auto-grow.ts';
import type { Send } from './use-send.ts';
import type { Stop } from './use-stop.ts';

interface ComposerProps {
  readonly send: Send;
  readonly stop?: Stop | undefined;
  readonly models: Models;
  /** The model that answers where none is chosen. */
  readonly model: string;
  readonly chosen: string | undefined;
  readonly onChoose: (model: string) => void;
}

export function Composer({ send, stop, models, model, chosen, onChoose }: ComposerProps) {
  const box = useAutoGrow(send.text);
  useEffect(() => focusWithoutTouch(box.current), [box]);

  const sending = send.state.type === 'sending';
  const submit = (): void => {
    focusWithoutTouch(box.current); // A button that was pressed may be gone in a moment, and the focus with it.
    send.submit({ text: send.text, model: chosen });
  };
  const stopNow = (): void => {
    focusWithoutTouch(box.current); // As above.
    stop?.stop();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  return (
    <form
      className="composer"
      aria-label="Write a message"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <ComposerNotice send={send.state} stopProblem={stop?.problem} onRetry={submit} />
      <div className="composer-box" data-busy={sending}>
        <textarea
          ref={box}
          aria-label="Message"
          placeholder="Write a message"
          rows={1}
          dir="auto"
          enterKeyHint="send"
          value={send.text}
          readOnly={sending}
          onChange={(event) => send.write(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <div className="composer-row">
          <ModelPicker models={models} value={chosen ?? model} onChange={onChoose} />
          <span className="composer-gap">{sending ? 'Sending…' : ''}</span>
          {stop?.possible === true && <StopButton disabled={stop.asked} onStop={stopNow} />}
          <button
            type="submit"
            className="round-button send-button"
            aria-label="Send message"
            disabled={sending || send.text.trim() === ''}
          >
            <Icon name="send" />
          </button>
        </div>
      </div>
    </form>
  );
}

/** With a finger, the keyboard on the screen would cover what is to be read. */
function focusWithoutTouch(box: HTMLTextAreaElement | null): void {
  if (window.matchMedia('(hover: hover) and (pointer: fine)').matches) box?.focus();
}

function StopButton({ disabled, onStop }: { readonly disabled: boolean; readonly onStop: () => void }) {
  return (
    <button
      type="button"
      className="round-button stop-button"
      aria-label="Stop answering"
      title="Stop answering (Esc)"
      disabled={disabled}
      onClick={onStop}
    >
      <Icon name="stop" />
    </button>
  );
}
