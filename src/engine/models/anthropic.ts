// Anthropic's models, through the AI SDK's provider.
import { isRecord } from '../../core/json.ts';
import { fromAiSdk } from './ai-sdk.ts';
import type { ModelProvider } from './catalogue.ts';
import { getJson, type Listed } from './listing.ts';

export interface AnthropicOptions {
  /** Never in an error or a log. */
  readonly apiKey: string;
  /** Where the API lives, with or without its version. Default: https://api.anthropic.com. */
  readonly baseUrl?: string | undefined;
}

export function createAnthropicProvider({ apiKey, baseUrl }: AnthropicOptions): ModelProvider {
  const baseURL = versioned(baseUrl);
  const source = { name: `anthropic at ${new URL(baseURL).host}`, apiKey };
  return {
    id: 'anthropic',
    model(name, known) {
      const info = { id: `anthropic/${name}`, name, demo: false, continuesPrefix: continuesPrefix(name), ...known };
      return fromAiSdk({
        info,
        source,
        trimsPrefix: true,
        async load() {
          const { createAnthropic } = await import('@ai-sdk/anthropic');
          return createAnthropic({ apiKey, baseURL })(name);
        },
      });
    },
  };
}

/** The models that the key may use, newest first as Anthropic has them; empty where it says nothing. */
export async function listAnthropicModels(options: AnthropicOptions, timeoutMs: number): Promise<Listed[]> {
  const headers = { 'x-api-key': options.apiKey, 'anthropic-version': '2023-06-01' };
  const answer = await getJson(`${versioned(options.baseUrl)}/models?limit=1000`, { headers, timeoutMs });
  const data = isRecord(answer) && Array.isArray(answer['data']) ? answer['data'] : [];
  return data.flatMap((model: unknown) => {
    if (!isRecord(model) || typeof model['id'] !== 'string') return [];
    const can = (ability: string): boolean | undefined => {
      const told = isRecord(model['capabilities']) ? model['capabilities'][ability] : undefined;
      return isRecord(told) && typeof told['supported'] === 'boolean' ? told['supported'] : undefined;
    };
    const name = typeof model['display_name'] === 'string' ? model['display_name'] : model['id'];
    return [
      {
        id: model['id'],
        known: { name, takesImages: can('image_input'), reasons: can('thinking'), callsTools: true },
      },
    ];
  });
}

/**
 * Those that go on behind an assistant message at the end. [Anthropic, migration guide]: models from 4.6
 * on answer it with 400; that takes in all that are not known here.
 */
function continuesPrefix(name: string): boolean {
  return /^claude-(3-|(opus|sonnet|haiku)-4-([015]|\d{8})(-|$))/.test(name);
}

/** Anthropic's own tools take the address without the version, the AI SDK with it. */
function versioned(baseUrl = 'https://api.anthropic.com'): string {
  const address = baseUrl.replace(/\/+$/, '');
  return address.endsWith('/v1') ? address : `${address}/v1`;
}
