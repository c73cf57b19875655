// The frameworks whose responses need a word first. Express and node:http need none: `respondNode`.
// Each is written against the few members it needs.
import { respondNode, type NodeRequest, type NodeResponse } from './node-writer.ts';
import { respond } from './respond.ts';
import type { EventsFunction, WriterOptions } from './writer.ts';

type HeaderValue = number | string | string[];

/** What is needed of Fastify's reply. */
export interface FastifyReplyLike {
  readonly raw: NodeResponse & { setHeader(name: string, value: HeaderValue): unknown };
  hijack(): unknown;
  getHeaders(): Readonly<Record<string, HeaderValue | undefined>>;
}

/** `respondNode` for a Fastify handler, with the headers that plugins set. Ends when the stream does. */
export async function respondFastify(
  request: { readonly raw: NodeRequest },
  reply: FastifyReplyLike,
  source: EventsFunction,
  options: WriterOptions = {},
): Promise<void> {
  reply.hijack(); // Else Fastify answers once more when the handler returns.
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  await respondNode(request.raw, reply.raw, source, options);
}

/** What is needed of Koa's context. */
export interface KoaContextLike {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
  respond?: boolean | undefined;
}

/** `respondNode` for a Koa middleware. Ends when the stream does. */
export async function respondKoa(
  context: KoaContextLike,
  source: EventsFunction,
  options: WriterOptions = {},
): Promise<void> {
  context.respond = false; // Else Koa answers once more when the middleware returns.
  await respondNode(context.req, context.res, source, options);
}

/** What is needed of Hono's context. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request };
  body(data: ReadableStream | null, response: Response): Response;
}

/** `respond` for a Hono handler, with the headers that were set on the context. */
export function respondHono(context: HonoContextLike, source: EventsFunction, options: WriterOptions = {}): Response {
  const response = respond(context.req.raw, source, options);
  return context.body(response.body, response);
}
