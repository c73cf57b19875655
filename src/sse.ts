// verbatim/sse: the wire format, a client that stays connected, and writers for servers.
export { encode, encodeBytes, encodeComment, encodeRetry } from './sse/encode.ts';
export type { SseEvent, SseMessage } from './sse/event.ts';
export { createParser, type Parser, type ParserOptions } from './sse/parse.ts';
export { readEventBatches, readEvents, type ReadEventsOptions } from './sse/read-events.ts';
export { connect, type ConnectOptions } from './sse/connect.ts';
export type { RequestOptions } from './sse/attempt.ts';
export { EventSource, type EventSourceOptions } from './sse/event-source.ts';
export type { Phase } from './sse/reconnect.ts';
export { respond } from './sse/respond.ts';
export {
  openEventStream,
  respondNode,
  type EventStream,
  type EventStreamOptions,
  type NodeRequest,
  type NodeResponse,
  type SendResult,
} from './sse/node-writer.ts';
export {
  respondFastify,
  respondHono,
  respondKoa,
  type FastifyReplyLike,
  type HonoContextLike,
  type KoaContextLike,
} from './sse/adapters.ts';
export {
  eventStreamHeaders,
  type EventsFunction,
  type Reader,
  type Sendable,
  type WriterOptions,
} from './sse/writer.ts';
export { createDrain, type Drain } from './sse/drain.ts';
export { systemClock, type Clock, type Timer, type Timers } from './core/clock.ts';
export type { Chance } from './core/random.ts';
export type { ErrorCode } from './core/error-codes.ts';
export { isStreamError, StreamError } from './core/errors.ts';
