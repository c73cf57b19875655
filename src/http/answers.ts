// What is answered where answers have been started: 202 with the ids, or, where the caller accepts an
// event stream, the answers themselves: one request and a very long response.
import type { ConversationId } from '../core/ids.ts';
import type { Run } from '../conversation/run.ts';
import type { StartedAnswers } from '../engine/commands/answers.ts';
import { respond } from '../sse/respond.ts';
import { deliverAnswer, type DeliverDeps } from './deliver.ts';

export function respondAnswers(
  deps: DeliverDeps,
  answers: { readonly id: ConversationId; readonly started: StartedAnswers; readonly request: Request },
): Response {
  const { id, started, request } = answers;
  const { message, answer, run, runs, first, offset } = started;
  if (!acceptsEventStream(request.headers.get('Accept'))) {
    return Response.json({ message, answer, run: shortOf(run), runs: runs.map(shortOf), offset }, { status: 202 });
  }
  const concerned = {
    id,
    after: first - 1,
    messages: [message.id, ...runs.map((one) => one.message)],
    runs: runs.map((one) => one.id),
  };
  return respond(request, ({ signal }) => deliverAnswer(deps, { ...concerned, signal }), deps.stream);
}

function acceptsEventStream(accept: string | null): boolean {
  return (accept ?? '')
    .split(',')
    .some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream');
}

function shortOf({ id, message, status, model }: Run) {
  return { id, message, status, model };
}
