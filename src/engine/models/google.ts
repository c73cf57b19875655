// Google's Gemini models, through the AI SDK's provider.
import { isRecord } from '../../core/json.ts';
import { fromAiSdk } from './ai-sdk.ts';
import type { ModelProvider } from './catalogue.ts';
import { getJson, type Listed } from './listing.ts';

export interface GoogleOptions {
  /** Never in an error or a log. */
  readonly apiKey: string;
  /** Where the API lives, with its version. Default: https://generativelanguage.googleapis.com/v1beta. */
  readonly baseUrl?: string | undefined;
}

/** Where Google's API lives. */
export const googleUrl = 'https://generativelanguage.googleapis.com/v1beta';

export function createGoogleProvider({ apiKey, baseUrl = googleUrl }: GoogleOptions): ModelProvider {
  const source = { name: `google at ${new URL(baseUrl).host}`, apiKey };
  return {
    id: 'google',
    model(name, known) {
      // Gemini's contents alternate and end with the user's: it is not documented to go on in its own.
      const info = {
        id: `google/${name}`,
        name,
        demo: false,
        continuesPrefix: false,
        reasons: reasons(name),
        ...known,
      };
      return fromAiSdk({
        info,
        source,
        // Thoughts are given only where they are asked for, which models without any refuse.
        ...(info.reasons ? { providerOptions: { google: { thinkingConfig: { includeThoughts: true } } } } : {}),
        async load() {
          const { createGoogle } = await import('@ai-sdk/google');
          return createGoogle({ apiKey, baseURL: baseUrl })(name);
        },
      });
    },
  };
}

/** The models that chat; empty where Google says nothing. */
export async function listGoogleModels(options: GoogleOptions, timeoutMs: number): Promise<Listed[]> {
  const { apiKey, baseUrl = googleUrl } = options;
  const headers = { 'x-goog-api-key': apiKey };
  const answer = await getJson(`${baseUrl}/models?pageSize=1000`, { headers, timeoutMs });
  const models = isRecord(answer) && Array.isArray(answer['models']) ? answer['models'] : [];
  return models.flatMap((model: unknown) => {
    if (!isRecord(model) || typeof model['name'] !== 'string') return [];
    const id = model['name'].replace(/^models\//, '');
    const methods = model['supportedGenerationMethods'];
    if (!Array.isArray(methods) || !methods.includes('generateContent') || !isChatModel(id)) return [];
    const name = typeof model['displayName'] === 'string' ? model['displayName'] : id;
    const thinking = typeof model['thinking'] === 'boolean' ? { reasons: model['thinking'] } : {};
    return [{ id, known: { name, takesImages: true, callsTools: true, ...thinking } }];
  });
}

/** Models for speech, pictures and the use of computers stand in the same list. */
function isChatModel(id: string): boolean {
  return id.startsWith('gemini-') && !/(tts|image|audio|live|embedding|computer-use|robotics)/.test(id);
}

/** [Google, thinking]: every model from 2.5 on. */
function reasons(name: string): boolean {
  return /^gemini-(2\.5|[3-9])/.test(name) && isChatModel(name);
}
