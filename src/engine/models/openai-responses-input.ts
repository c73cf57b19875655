// A request in the words of OpenAI's Responses API: messages, calls and results are items of one list.
import { isRecord } from '../../core/json.ts';
import type { FilePart, Part } from '../../conversation/message.ts';
import type { ModelMessage, ModelRequest } from '../model.ts';

type Json = Readonly<Record<string, unknown>>;

export interface BodyOptions {
  readonly model: string;
  /** Whether it thinks: such models refuse a temperature. */
  readonly reasons: boolean;
}

/** The body without what only says how it is sent. */
export function responsesBody(request: ModelRequest, { model, reasons }: BodyOptions): Json {
  const { system, messages, tools, settings } = request;
  const { temperature, topP, maxOutputTokens, reasoning } = settings;
  const samples = !reasons || reasoning === 'none';
  return {
    model,
    input: messages.flatMap((message) => itemsOf(message, model)),
    ...(system === '' ? {} : { instructions: system }),
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
    ...(temperature === undefined || !samples ? {} : { temperature }),
    ...(topP === undefined || !samples ? {} : { top_p: topP }),
    ...(reasons ? { reasoning: reasoningOf(model, reasoning), include: ['reasoning.encrypted_content'] } : {}),
    ...(tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
  };
}

function toolOf({ name, description, inputSchema }: ModelRequest['tools'][number]): Json {
  // Strict schemas allow but a part of JSON Schema, and nothing is known of these.
  return { type: 'function', name, description, parameters: inputSchema, strict: false };
}

/** [OpenAI, reasoning]: only from gpt-5.1 on a model can be told not to think; before, the least is this. */
function reasoningOf(model: string, effort: ModelRequest['settings']['reasoning']): Json {
  const least = /^o\d/.test(model) ? 'low' : /^gpt-5(-|$)/.test(model) ? 'minimal' : 'none';
  const asked = effort === 'none' ? least : effort;
  return { summary: 'auto', ...(asked === undefined ? {} : { effort: asked }) };
}

function itemsOf({ role, parts }: ModelMessage, model: string): Json[] {
  if (role === 'user') return [{ role, content: parts.flatMap(contentOf) }];
  return parts.flatMap((part, index) => {
    const following = parts[index + 1]?.type;
    // Refused without what was thought for.
    if (part.type === 'reasoning' && following !== 'text' && following !== 'tool-call' && following !== 'reasoning') {
      return [];
    }
    return itemOf(part, model);
  });
}

function itemOf(part: Part, model: string): Json[] {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ role: 'assistant', content: [{ type: 'output_text', text: part.text }] }];
    case 'reasoning': {
      const kept = keptReasoning(part.providerData);
      // One model cannot read what another has encrypted.
      if (kept === undefined || kept.model !== model) return [];
      const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
      return [{ type: 'reasoning', summary, encrypted_content: kept.content }];
    }
    case 'tool-call':
      return [{ type: 'function_call', call_id: part.id, name: part.name, arguments: part.text || '{}' }];
    case 'tool-result': {
      const output = typeof part.output === 'string' ? part.output : JSON.stringify(part.output);
      return [{ type: 'function_call_output', call_id: part.call, output }];
    }
    default:
      return [];
  }
}

/** What a reasoning part keeps for the next request. */
export function keepReasoning(content: string, model: string): Json {
  return { openai: { reasoningEncryptedContent: content, model } };
}

function keptReasoning(providerData: unknown): { content: string; model: unknown } | undefined {
  const kept = isRecord(providerData) ? providerData['openai'] : undefined;
  if (!isRecord(kept) || typeof kept['reasoningEncryptedContent'] !== 'string') return undefined;
  return { content: kept['reasoningEncryptedContent'], model: kept['model'] };
}

function contentOf(part: Part): Json[] {
  if (part.type === 'text') return [{ type: 'input_text', text: part.text }];
  return part.type === 'file' ? [fileOf(part)] : [];
}

function fileOf({ mediaType, name, data, url }: FilePart): Json {
  if (data === undefined && (url === undefined || !URL.canParse(url))) {
    // An address of the page's own says nothing to a provider. The conversation goes on without the file.
    return { type: 'input_text', text: `[A file that cannot be read: ${name ?? mediaType}]` };
  }
  const address = data === undefined ? url : `data:${mediaType};base64,${data}`;
  if (mediaType.startsWith('image/')) return { type: 'input_image', image_url: address };
  if (data === undefined) return { type: 'input_file', file_url: address };
  return { type: 'input_file', filename: name ?? 'file', file_data: address };
}
