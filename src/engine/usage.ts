// What an answer took: added up over its attempts and steps, estimated where the provider does not say.
import { isGrowing, type Part } from '../conversation/message.ts';
import type { Run, Seam, Usage } from '../conversation/run.ts';
import type { ModelInfo, ModelRequest } from './model.ts';

const asciiPerToken = 4; // Chosen: what providers tell for English; code and other languages take more.
const othersPerToken = 1.5; // Chosen: between Cyrillic, of some 2 characters a token, and Chinese, of about one.

/** About how many tokens the text is. */
function estimateTokens(text: string): number {
  let ascii = 0;
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) < 0x80) ascii += 1;
  return Math.ceil(ascii / asciiPerToken + (text.length - ascii) / othersPerToken);
}

/** What was written of an answer from a place on, estimated. `from`: the part, and the place in its text. */
export function estimateOutput(parts: readonly Part[], from: Pick<Seam, 'part' | 'at'>): number {
  let tokens = 0;
  for (const [index, part] of parts.entries()) {
    if (index < from.part || !isGrowing(part)) continue;
    tokens += estimateTokens(index === from.part ? part.text.slice(from.at) : part.text);
  }
  return tokens;
}

/** What a model was given, estimated: its texts; files are not counted. */
export function estimateInput({ system, messages, prefix }: ModelRequest): number {
  let tokens = estimateTokens(system) + estimateTokens(prefix);
  for (const { parts } of messages) {
    for (const part of parts) {
      if (isGrowing(part)) tokens += estimateTokens(part.text);
      if (part.type === 'tool-result') tokens += estimateTokens(JSON.stringify(part.output) ?? '');
    }
  }
  return tokens;
}

export function addUsage(before: Usage | undefined, more: Usage | undefined): Usage | undefined {
  if (before === undefined || more === undefined) return more ?? before;
  return {
    inputTokens: sum(before.inputTokens, more.inputTokens),
    outputTokens: sum(before.outputTokens, more.outputTokens),
    reasoningTokens: sum(before.reasoningTokens, more.reasoningTokens),
    cachedInputTokens: sum(before.cachedInputTokens, more.cachedInputTokens),
    isEstimated: before.isEstimated === true || more.isEstimated === true ? true : undefined,
  };
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

/** The usage as a run tells it, with what it costs where the model's price is known. */
export function priced(usage: Usage | undefined, { price }: Pick<ModelInfo, 'price'>): Pick<Run, 'usage' | 'costUsd'> {
  if (usage === undefined || price === undefined) return { usage };
  const { inputTokens = 0, outputTokens = 0 } = usage;
  return { usage, costUsd: (inputTokens * price.inputUsd + outputTokens * price.outputUsd) / 1_000_000 };
}
