// The clients of a storm: each follows the address until it is closed, and says when it is back.
import { EventSource } from 'eventsource';
import { connect } from 'verbatim/sse';

export interface StormOptions {
  /** Through which all requests go, and are counted. */
  readonly fetch: typeof globalThis.fetch;
  onBack(): void;
}

export interface StormClient {
  close(): void;
}

export type StartClient = (url: string, options: StormOptions) => StormClient;

export function startConnect(url: string, { fetch, onBack }: StormOptions): StormClient {
  const controller = new AbortController();
  async function follow(): Promise<void> {
    for await (const _ of connect(url, { fetch, signal: controller.signal })) onBack();
  }
  follow().catch((error: unknown) => {
    if (!controller.signal.aborted) throw error;
  });
  return { close: () => controller.abort() };
}

/** The class of the npm package `eventsource`, which does as browsers do. */
export function startEventSource(url: string, { fetch, onBack }: StormOptions): StormClient {
  const source = new EventSource(url, { fetch: async (address, init) => await fetch(address, init) });
  source.addEventListener('message', onBack);
  return source;
}
