// A conversation in the words of the AI SDK: one message a role, results of tools in messages of their own.
import type {
  LanguageModelV4,
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
  LanguageModelV4ToolResultOutput,
  LanguageModelV4ToolResultPart,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';
import { isRecord, tryParseJson } from '../../core/json.ts';
import type { FilePart, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../../conversation/message.ts';
import type { ModelMessage, ModelRequest } from '../model.ts';

type UserContent = Extract<LanguageModelV4Message, { role: 'user' }>['content'];
type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'];

/** By what name the SDK's model knows its own data, such as `anthropic`. */
export function providerOf({ provider }: LanguageModelV4): string {
  return provider.split('.')[0] ?? '';
}

/** `provider`: as of `providerOf`. */
export function promptOf(
  { system, messages, prefix }: Pick<ModelRequest, 'system' | 'messages' | 'prefix'>,
  provider: string,
): LanguageModelV4Prompt {
  const prompt: LanguageModelV4Prompt = system === '' ? [] : [{ role: 'system', content: system }];
  for (const [index, message] of messages.entries()) {
    if (message.role === 'user') prompt.push({ role: 'user', content: message.parts.flatMap(userPart) });
    else prompt.push(...assistantMessages(message, { provider, isOpen: index === messages.length - 1, prefix }));
  }
  if (prefix === '') return prompt;
  // Goes on in one message with what is there of the answer: llama.cpp refuses two in a row.
  const last = prompt.at(-1);
  if (last?.role === 'assistant') last.content.push({ type: 'text', text: prefix });
  else prompt.push({ role: 'assistant', content: [{ type: 'text', text: prefix }] });
  return prompt;
}

/** The parts that stand for something that a person said; data and the like is for the page. */
function userPart(part: Part): UserContent {
  if (part.type === 'text') return [{ type: 'text', text: part.text }];
  return part.type === 'file' ? [filePart(part)] : [];
}

function filePart({ mediaType, name, data, url }: FilePart): UserContent[number] {
  const named = name === undefined ? {} : { filename: name };
  const file = (content: LanguageModelV4FilePart['data']): LanguageModelV4FilePart => ({
    type: 'file',
    mediaType,
    data: content,
    ...named,
  });
  if (data !== undefined) return file({ type: 'data', data });
  if (url !== undefined && URL.canParse(url)) return file({ type: 'url', url: new URL(url) });
  // An address of the page's own says nothing to a provider. The conversation goes on without the file.
  return { type: 'text', text: `[A file that cannot be read: ${name ?? mediaType}]` };
}

interface Context {
  readonly provider: string;
  /** Whether the answer goes on behind this message. */
  readonly isOpen: boolean;
  readonly prefix: string;
}

/** An answer of several steps is a message for each, between the results of its tools. */
function assistantMessages({ parts }: ModelMessage, context: Context): LanguageModelV4Message[] {
  const messages: LanguageModelV4Message[] = [];
  let said: AssistantContent = [];
  let results: LanguageModelV4ToolResultPart[] = [];
  const { provider } = context;
  const calls = new Map(parts.flatMap((part) => (part.type === 'tool-call' ? [[part.id, part]] : [])));

  function endStep(): void {
    if (said.length > 0) messages.push({ role: 'assistant', content: said });
    if (results.length > 0) messages.push({ role: 'tool', content: results });
    said = [];
    results = [];
  }

  for (const part of parts) {
    if (part.type === 'tool-result') {
      const call = calls.get(part.call);
      if (call === undefined) continue;
      // What a provider's own tool gave is part of what was said.
      (isRunBy(provider, call) ? said : results).push(resultPart(part, call));
      continue;
    }
    const content = assistantPart(part, context);
    if (content === undefined) continue;
    if (results.length > 0) endStep();
    said.push(content);
  }
  endStep();
  return messages;
}

function assistantPart(part: Part, context: Context): AssistantContent[number] | undefined {
  if (part.type === 'text') return part.text === '' ? undefined : { type: 'text', text: part.text };
  if (part.type === 'reasoning') {
    return isGivenBack(part, context)
      ? { type: 'reasoning', text: part.text, ...optionsOf(part.providerData) }
      : undefined;
  }
  if (part.type !== 'tool-call') return undefined;
  return {
    type: 'tool-call',
    toolCallId: part.id,
    toolName: part.name,
    input: tryParseJson(part.text) ?? {},
    ...(isRunBy(context.provider, part) ? { providerExecuted: true } : {}),
    ...optionsOf(part.providerData),
  };
}

/**
 * Reasoning goes back to the provider that signed it. Unsigned, as of open models, it goes back while the
 * answer is being written, between two tools, and not later. Not with a prefix: a model that goes on in
 * its text does not think again, and Anthropic refuses thoughts in front of it.
 */
function isGivenBack({ providerData }: ReasoningPart, { provider, isOpen, prefix }: Context): boolean {
  if (isOpen && prefix !== '') return false;
  return providerData === undefined ? isOpen : isOf(provider, providerData);
}

/** Whether this provider ran the tool. What another ran is told as any call, for it would miss the result. */
function isRunBy(provider: string, { isRunByProvider, providerData }: ToolCallPart): boolean {
  return isRunByProvider === true && isOf(provider, providerData);
}

function isOf(provider: string, providerData: unknown): boolean {
  return isRecord(providerData) && Object.hasOwn(providerData, provider);
}

function optionsOf(providerData: unknown): { providerOptions?: SharedV4ProviderOptions } {
  if (!isRecord(providerData) || !Object.values(providerData).every(isRecord)) return {};
  return { providerOptions: providerData as SharedV4ProviderOptions }; // It came from the SDK, as JSON.
}

function resultPart({ output, isError }: ToolResultPart, call: ToolCallPart): LanguageModelV4ToolResultPart {
  return {
    type: 'tool-result',
    toolCallId: call.id,
    toolName: call.name,
    output: outputOf(output, isError === true),
  };
}

function outputOf(output: unknown, isError: boolean): LanguageModelV4ToolResultOutput {
  if (typeof output === 'string') return { type: isError ? 'error-text' : 'text', value: output };
  const value = output as Extract<LanguageModelV4ToolResultOutput, { type: 'json' }>['value']; // It came as JSON.
  return { type: isError ? 'error-json' : 'json', value };
}
