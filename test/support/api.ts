// The API by hand, as someone with curl would use it.
import { createParser, type SseMessage } from 'verbatim/sse';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any; // oxlint-disable-line typescript/no-explicit-any -- Whatever the server says is what is tested.
}

export async function call(
  url: string,
  method = 'GET',
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const init: RequestInit = { method, headers: { 'Content-Type': 'application/json', ...headers } };
  if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

export interface WireEvent {
  readonly id: string;
  readonly event: string;
  readonly data: any; // oxlint-disable-line typescript/no-explicit-any -- As above.
}

/** Reads events until `until` holds for one, or the stream ends; then hangs up. */
export async function readEvents(
  url: string,
  options: { until?: (event: WireEvent) => boolean; headers?: Record<string, string>; init?: RequestInit } = {},
): Promise<{ events: WireEvent[]; text: string; headers: Headers }> {
  const controller = new AbortController();
  const response = await fetch(url, { headers: options.headers ?? {}, ...options.init, signal: controller.signal });
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
  const events: WireEvent[] = [];
  const take = ({ lastEventId, event, data }: SseMessage): void =>
    void events.push({ id: lastEventId, event, data: JSON.parse(data) as unknown });
  const parser = createParser({ onEvent: take });
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body) {
    const piece = decoder.decode(bytes, { stream: true });
    text += piece;
    parser.feed(piece);
    const end = events.findIndex((event) => options.until?.(event) === true);
    if (end !== -1) {
      events.length = end + 1;
      break;
    }
  }
  controller.abort();
  return { events, text, headers: response.headers };
}

export const isEnd = ({ event, data }: WireEvent): boolean =>
  event === 'run' && !['queued', 'running'].includes(data.status);

/** The text that the answer's part and its deltas give, put together by nothing but their own words. */
export function textFrom(events: readonly WireEvent[], start = 0): string {
  let text = '';
  for (const { event, data } of events) {
    if (event !== 'part' && event !== 'delta') continue;
    const at = event === 'part' ? 0 : data.at;
    if (at !== start + text.length) throw new Error(`Text at ${at}, but the text is ${start + text.length} long`);
    text += event === 'part' ? data.value.text : data.text;
  }
  return text;
}
