// Ollama and llama.cpp's server, where they listen on this machine.
import { isRecord } from '../../core/json.ts';
import type { KnownModel, ModelProvider } from './catalogue.ts';
import { getJson, idsOf, type Listed } from './listing.ts';
import { createOpenAiProvider } from './openai.ts';

export interface Found {
  readonly provider: ModelProvider;
  readonly listed: readonly Listed[];
}

const timeoutMs = 200; // A server on this machine answers at once, or is not there.
const maxAsked = 50; // Chosen: of more models than that what they can do is not asked one by one.

export async function findOllama(url: string): Promise<Found | undefined> {
  const tags = await getJson(`${url}/api/tags`, { timeoutMs });
  if (!isRecord(tags) || !Array.isArray(tags['models'])) return undefined;
  const names = tags['models'].flatMap((model: unknown) =>
    isRecord(model) && typeof model['name'] === 'string' ? [model['name']] : [],
  );
  const listed = names.map(async (id, index) => ({ id, known: index < maxAsked ? await askOllama(url, id) : {} }));
  // Whether it goes on in an answer depends on the model's template, which need not be made for it: so, no.
  return { provider: createOpenAiProvider({ id: 'ollama', baseUrl: `${url}/v1` }), listed: await Promise.all(listed) };
}

async function askOllama(url: string, model: string): Promise<KnownModel> {
  const answer = await getJson(`${url}/api/show`, { timeoutMs, body: { model } });
  const abilities: unknown = isRecord(answer) ? answer['capabilities'] : undefined;
  if (!Array.isArray(abilities)) return {};
  const can = (ability: string): boolean => abilities.includes(ability);
  return { takesImages: can('vision'), callsTools: can('tools'), reasons: can('thinking') };
}

export async function findLlamaCpp(url: string): Promise<Found | undefined> {
  const answer = await getJson(`${url}/v1/models`, { timeoutMs });
  // Any program may listen on that port: only one that says what it is, is taken.
  const data = isRecord(answer) && Array.isArray(answer['data']) ? answer['data'] : [];
  const isLlamaCpp = data.some((model: unknown) => isRecord(model) && model['owned_by'] === 'llamacpp');
  if (!isLlamaCpp) return undefined;
  const props = await getJson(`${url}/props`, { timeoutMs });
  const modalities: unknown = isRecord(props) ? props['modalities'] : undefined;
  const takesImages = isRecord(modalities) ? modalities['vision'] === true : undefined;
  // A file's path serves as the id; its last part is what a person wants to read and type.
  const listed = idsOf(answer).map((id) => ({ id: id.split('/').at(-1) ?? id, known: { takesImages } }));
  // [llama.cpp, tools/server/README.md, --prefill-assistant]: it goes on behind an assistant message at the
  // end, unless that was switched off.
  const provider = createOpenAiProvider({ id: 'llamacpp', baseUrl: `${url}/v1`, continuesPrefix: true });
  return { provider, listed };
}
