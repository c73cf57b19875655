// What providers list: asked in their own formats, with patience that is bounded.
import { isRecord } from '../../core/json.ts';
import type { KnownModel } from './catalogue.ts';

/** A model as its provider lists it. */
export interface Listed {
  readonly id: string;
  readonly known?: KnownModel | undefined;
}

export interface GetJsonOptions {
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON with POST; GET without. */
  readonly body?: unknown;
}

/** The JSON that is at the address, or undefined where there is none in time. */
export async function getJson(url: string, { timeoutMs, headers = {}, body }: GetJsonOptions): Promise<unknown> {
  try {
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(url, { ...sent, headers, signal: AbortSignal.timeout(timeoutMs) });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined; // Nothing listens there, or it is something else.
  }
}

/** The ids in OpenAI's form of a list, in alphabetical order. */
export function idsOf(answer: unknown): string[] {
  const data = isRecord(answer) && Array.isArray(answer['data']) ? answer['data'] : [];
  const ids = data.flatMap((model: unknown) =>
    isRecord(model) && typeof model['id'] === 'string' ? [model['id']] : [],
  );
  return ids.toSorted();
}
