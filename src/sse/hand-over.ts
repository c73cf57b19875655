// From one producer to one consumer, at the consumer's pace.

export interface HandOver<Item> {
  /** Whether the producer waits for the consumer. */
  readonly isHeld: boolean;
  put(item: Item): void;
  /** Resolves when the consumer has taken all that was put. */
  taken(): Promise<void>;
  /** The next item; undefined behind the last. Throws the reason for which it ended, if there is one. */
  take(): Promise<Item | undefined>;
  /** No item comes after those that were put. */
  end(failure?: { readonly reason: unknown }): void;
  /** Forgets what was put and not taken. */
  discard(): void;
}

export function createHandOver<Item>(): HandOver<Item> {
  const items: Item[] = [];
  let ended: { readonly failure: { readonly reason: unknown } | undefined } | undefined;
  let wakeConsumer: (() => void) | undefined;
  let wakeProducer: (() => void) | undefined;

  function releaseProducer(): void {
    wakeProducer?.();
    wakeProducer = undefined;
  }

  return {
    get isHeld() {
      return wakeProducer !== undefined;
    },
    put(item) {
      items.push(item);
    },
    async taken() {
      if (items.length === 0 || ended !== undefined) return;
      wakeConsumer?.();
      await new Promise<void>((resolve) => {
        wakeProducer = resolve;
      });
    },
    async take() {
      while (items.length === 0) {
        if (ended?.failure !== undefined) throw ended.failure.reason;
        if (ended !== undefined) return undefined;
        releaseProducer();
        await new Promise<void>((resolve) => {
          wakeConsumer = resolve;
        });
      }
      return items.shift();
    },
    end(failure) {
      ended ??= { failure };
      releaseProducer();
      wakeConsumer?.();
    },
    discard() {
      items.length = 0;
    },
  };
}
