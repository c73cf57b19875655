// The events of OpenAI's Responses API in the engine's words. Pure: an event in, at most one part out.
import { isRecord, type JsonRecord } from '../../core/json.ts';
import type { FinishReason, Usage } from '../../conversation/run.ts';
import type { ModelPart } from '../model.ts';
import { keepReasoning } from './openai-responses-input.ts';

/** Reads the events of one response, in order. Throws what `response.failed` and `error` say, as it came. */
export function createResponsesReader(model: string): (event: JsonRecord) => ModelPart | undefined {
  /** By the item's id: a call's own id and name, which its deltas do not repeat. */
  const calls = new Map<string, { readonly id: string; readonly name: string }>();
  let callsTools = false;

  function readItem(item: JsonRecord, isDone: boolean): ModelPart | undefined {
    if (item['type'] === 'function_call') {
      const call = { id: textIn(item, 'call_id'), name: textIn(item, 'name') };
      calls.set(textIn(item, 'id'), call);
      callsTools = true;
      if (!isDone) return { type: 'tool-call-delta', ...call, text: '' };
      return { type: 'tool-call', ...call, text: textIn(item, 'arguments') };
    }
    return isDone && item['type'] === 'reasoning' ? endReasoning(item, model) : undefined;
  }

  function readEvent(event: JsonRecord): ModelPart | undefined {
    switch (event['type']) {
      case 'response.created':
        return { type: 'started', id: textIn(recordIn(event, 'response'), 'id') };
      case 'response.output_item.added':
        return readItem(recordIn(event, 'item'), false);
      case 'response.output_item.done':
        return readItem(recordIn(event, 'item'), true);
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return textOf(event, 'text', `${textIn(event, 'item_id')}:${String(event['content_index'])}`);
      case 'response.reasoning_summary_part.added':
        // The parts of a summary are paragraphs of one thought.
        return event['summary_index'] === 0 ? undefined : textOf({ ...event, delta: '\n\n' }, 'reasoning');
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        return textOf(event, 'reasoning');
      case 'response.function_call_arguments.delta': {
        const call = calls.get(textIn(event, 'item_id'));
        // Taken up in the middle of a call: it comes whole at its end.
        return call === undefined ? undefined : { type: 'tool-call-delta', ...call, text: textIn(event, 'delta') };
      }
      case 'response.output_text.annotation.added':
        return sourceIn(recordIn(event, 'annotation'));
      case 'response.completed':
      case 'response.incomplete':
        return finishOf(recordIn(event, 'response'), callsTools);
      case 'response.failed':
      case 'error':
        throw failureIn(event);
      default:
        return undefined; // More kinds may come, and most of those there are only repeat what was said.
    }
  }

  return (event) => {
    const part = readEvent(event);
    if (part === undefined || part.type === 'started' || part.type === 'finish') return part;
    // An event gives one part, so that behind the part is behind the event.
    return { ...part, mark: String(event['sequence_number']) };
  };
}

function textOf(event: JsonRecord, type: 'text' | 'reasoning', id = textIn(event, 'item_id')): ModelPart {
  return { type, text: textIn(event, 'delta'), id };
}

function endReasoning(item: JsonRecord, model: string): ModelPart | undefined {
  if (typeof item['encrypted_content'] !== 'string') return undefined;
  const providerData = keepReasoning(item['encrypted_content'], model);
  const isShown = [item['summary'], item['content']].some((texts) => Array.isArray(texts) && texts.length > 0);
  // Thoughts that are not shown still have to be given back.
  return isShown
    ? { type: 'reasoning-end', providerData }
    : { type: 'part', part: { type: 'reasoning', text: '', providerData } };
}

function sourceIn(annotation: JsonRecord): ModelPart | undefined {
  const { type, url, title } = annotation;
  if (type !== 'url_citation' || typeof url !== 'string') return undefined;
  return { type: 'part', part: { type: 'source', url, ...(typeof title === 'string' ? { title } : {}) } };
}

function finishOf(response: JsonRecord, callsTools: boolean): ModelPart {
  const reason = reasonOf(recordIn(response, 'incomplete_details')['reason']) ?? (callsTools ? 'tool-calls' : 'stop');
  return { type: 'finish', reason, usage: usageOf(recordIn(response, 'usage')) };
}

function reasonOf(incomplete: unknown): FinishReason | undefined {
  if (incomplete === undefined) return undefined;
  if (incomplete === 'max_output_tokens') return 'length';
  return incomplete === 'content_filter' ? 'content-filter' : 'other';
}

function usageOf(usage: JsonRecord): Usage {
  const counts = {
    inputTokens: usage['input_tokens'],
    outputTokens: usage['output_tokens'],
    reasoningTokens: recordIn(usage, 'output_tokens_details')['reasoning_tokens'],
    cachedInputTokens: recordIn(usage, 'input_tokens_details')['cached_tokens'],
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => typeof count === 'number'));
}

/** `{error}` of a response, or the event itself where it is the error. */
function failureIn(event: JsonRecord): unknown {
  const response = recordIn(event, 'response');
  return isRecord(response['error']) ? response['error'] : event;
}

function recordIn(record: JsonRecord, field: string): JsonRecord {
  const value = record[field];
  return isRecord(value) ? value : {};
}

function textIn(record: JsonRecord, field: string): string {
  const value = record[field];
  return typeof value === 'string' ? value : '';
}
