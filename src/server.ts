// verbatim: the whole server, to be built into another or run by itself.
export { createVerbatim, type Verbatim, type VerbatimOptions } from './http/server.ts';
export type { NodeHandler } from './http/node.ts';
export { isLoopbackHost } from './http/guard.ts';
export type { EngineLimits } from './engine/commands/deps.ts';
export type { Patience } from './engine/generate.ts';
export type { TakeoverPolicy, ToolInfo } from './engine/model.ts';
export type { TakeoverBudget } from './engine/takeover.ts';
export type { Tool, ToolContext } from './engine/tool.ts';
export type { Telemetry, TelemetryEvent } from './core/telemetry.ts';
export { isRetryable, type ErrorCode } from './core/error-codes.ts';
export { isStreamError, messageOf, StreamError } from './core/errors.ts';
