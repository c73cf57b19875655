// verbatim/sse: the wire format, a client that stays connected, and writers for servers.
export { encode, encodeComment, encodeRetry } from './sse/encode.ts';
export type { SseEvent, SseMessage } from './sse/event.ts';
export { createParser, type Parser, type ParserOptions } from './sse/parse.ts';
export { connect, type ConnectOptions } from './sse/connect.ts';
export type { Phase } from './sse/reconnect.ts';
export { respond, type EventSourceFunction, type RespondOptions } from './sse/respond.ts';
export { eventStreamHeaders, type WriterOptions } from './sse/writer.ts';
export {
  openEventStream,
  type EventStream,
  type EventStreamOptions,
  type NodeRequest,
  type NodeResponse,
  type SendResult,
} from './sse/node-writer.ts';
export { systemClock, type Clock } from './core/clock.ts';
export { isStreamError, StreamError, type ErrorCode } from './core/errors.ts';
