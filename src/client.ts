// verbatim/client: the API for browsers and Node, and conversations that stay live.
export {
  createClient,
  type Client,
  type ConversationChange,
  type ConversationSummary,
  type KeyOptions,
  type ModelList,
  type ModelSummary,
  type NewConversation,
  type NewFile,
  type RegenerateRequest,
  type SendRequest,
  type Sent,
} from './client/client.ts';
export type { ConversationStore, ConversationView } from './client/conversation-store.ts';
export type { TransportOptions } from './client/transport.ts';
export type { Conversation } from './conversation/reduce.ts';
export type { ModelSettings } from './conversation/settings.ts';
export { childrenOf, pathTo } from './conversation/tree.ts';
export {
  textOf,
  type DataPart,
  type ErrorPart,
  type FilePart,
  type Message,
  type Part,
  type ReasoningPart,
  type SourcePart,
  type TextPart,
  type ToolCallPart,
  type ToolResultPart,
} from './conversation/message.ts';
export {
  hasEnded,
  type FinishReason,
  type Run,
  type RunError,
  type RunStatus,
  type Seam,
  type StopRequest,
  type Usage,
} from './conversation/run.ts';
export { isConversationId, type ConversationId, type MessageId, type RunId } from './core/ids.ts';
export { isRetryable, type ErrorCode } from './core/error-codes.ts';
export { isStreamError, messageOf, StreamError } from './core/errors.ts';
export type { Phase } from './sse/reconnect.ts';
