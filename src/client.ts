// verbatim/client: the API for browsers and Node, and conversations that stay live.
export {
  createClient,
  type Client,
  type ConversationSummary,
  type ModelList,
  type ModelSummary,
  type SendRequest,
} from './client/client.ts';
export type { ConversationStore, ConversationView } from './client/conversation-store.ts';
export type { TransportOptions } from './client/transport.ts';
export type { Conversation } from './conversation/reduce.ts';
export { latestLeaf, pathTo } from './conversation/tree.ts';
export { textOf, type Message, type Part, type TextPart } from './conversation/message.ts';
export {
  hasEnded,
  type FinishReason,
  type Run,
  type RunError,
  type RunStatus,
  type Usage,
} from './conversation/run.ts';
export { isConversationId, type ConversationId, type MessageId, type RunId } from './core/ids.ts';
export { isRetryable, type ErrorCode } from './core/error-codes.ts';
export { isStreamError, messageOf, StreamError } from './core/errors.ts';
export type { Phase } from './sse/reconnect.ts';
