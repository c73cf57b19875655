// Between clients and processes: requests and answers take time, get lost, come twice, break off at any
// byte, or fall silent. A process that crashes resets its connections; one that is paused does nothing.
import type { Chance } from './chance.ts';
import type { Lane, SimClock } from './clock.ts';
import type { Process } from './machine.ts';
import type { NetworkFaults } from './plan.ts';
import type { Trace } from './trace.ts';

export interface Network {
  /** `fetch` as a client has it. */
  fetchFor(client: { readonly name: string; readonly lane: Lane }): typeof globalThis.fetch;
  setFaults(faults: NetworkFaults): void;
  /** For so long nothing that the client asks for gets anywhere. */
  cutOff(client: string, ms: number): void;
}

export interface NetworkDeps {
  readonly clock: SimClock;
  readonly chance: Chance;
  readonly trace: Trace;
  /** One of the processes that are up; undefined where none is. */
  readonly route: () => Process | undefined;
}

type Bytes = Uint8Array<ArrayBuffer>;
type Body = ReadableStream<Bytes>;

const staleMs = 60_000; // As a proxy has it.

const encoder = new TextEncoder();

export function createNetwork({ clock, chance, trace, route }: NetworkDeps, initial: NetworkFaults): Network {
  const offlineUntilMs = new Map<string, number>();
  let faults = initial;
  let lastExchange = 0;

  const travel = (): Promise<void> => clock.sleep(chance.between(0, faults.maxLatencyMs));
  const broken = (why: string): TypeError => new TypeError(`fetch failed: ${why}`);

  /** One request and its answer. The server's part is done also where the client hears nothing of it. */
  async function exchange(name: string, make: () => Request, left: AbortSignal): Promise<Response> {
    const label = `net ${(lastExchange += 1)} ${name}`;
    await travel();
    if ((offlineUntilMs.get(name) ?? 0) > clock.now() || chance.happens(faults.lostRequest)) {
      await clock.sleep(chance.between(0, 1_000));
      throw broken('it does not arrive');
    }
    const process = route();
    if (process === undefined) throw broken('connection refused');
    const request = make();
    trace.note(`${label} ${request.method} ${new URL(request.url).pathname.slice(0, 40)} at ${process.name}`);
    const response = await answerOf(process, request);
    trace.note(`${label} answered ${response.status}`);
    await travel();
    const isLost = chance.happens(faults.lostAnswer);
    if (isLost || left.aborted || process.lane.isDead) {
      letGo(response);
      trace.note(`${label} answer lost`);
      throw broken('the answer is lost');
    }
    const { status, statusText, headers } = response;
    const body = hasBody(response) ? carry(response, process.lane, left) : null;
    return new Response(body, { status, statusText, headers });
  }

  function answerOf({ lane, fetch }: Process, request: Request): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const reset = (): void => reject(broken('connection reset'));
    if (lane.isDead) reset();
    lane.died.addEventListener('abort', reset, { once: true });
    lane.enter(() => {
      void fetch(request).then((response) => {
        if (lane.isDead) letGo(response);
        resolve(response);
      }, reject);
    });
    return promise.finally(() => lane.died.removeEventListener('abort', reset));
  }

  /** The server's body as it arrives: read as fast as the client takes it. */
  function carry(answer: Response & { body: Body }, lane: Lane, left: AbortSignal): Body {
    const reader = answer.body.getReader();
    const isStream = answer.headers.get('Content-Type') === 'text/event-stream';
    let controller: ReadableStreamDefaultController<Bytes>;
    let wake: (() => void) | undefined;
    let isOver = false;

    function end(close: () => void): void {
      if (isOver) return;
      isOver = true;
      left.removeEventListener('abort', onLeave);
      lane.died.removeEventListener('abort', onDeath);
      lane.enter(cancel);
      wake?.();
      close();
    }
    const cancel = (): void => {
      lane.died.removeEventListener('abort', cancel);
      void reader.cancel().catch(() => undefined);
    };
    const onLeave = (): void => end(() => controller.error(left.reason));
    const onDeath = (): void => end(() => controller.error(broken('connection reset')));

    async function pump(): Promise<void> {
      while (!isOver) {
        if ((controller.desiredSize ?? 0) <= 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const { done, value } = await new Promise<ReadableStreamReadResult<Bytes>>((resolve, reject) => {
          lane.enter(() => void reader.read().then(resolve, reject));
        });
        await travel();
        if (isOver) return;
        if (done) {
          end(() => controller.close());
          return;
        }
        if (chance.happens(faults.stall)) {
          trace.note('net stalls');
          // Whoever follows a stream finds out by the silence; of other answers something on the way, late.
          if (!isStream) clock.setTimer(staleMs, () => end(() => controller.error(broken('timed out'))));
          return;
        }
        if (!(await arrive(value))) return;
      }
    }

    async function arrive(bytes: Bytes): Promise<boolean> {
      const isCut = chance.happens(faults.cut);
      const through = isCut ? chance.between(0, bytes.length - 1) : bytes.length;
      for (let at = 0; at < through;) {
        const next = chance.happens(faults.split) ? chance.between(at + 1, through) : through;
        controller.enqueue(bytes.slice(at, next));
        at = next;
        if (at < through) await travel();
        if (isOver) return false;
      }
      if (isCut) end(() => controller.error(broken('terminated')));
      return !isCut;
    }

    left.addEventListener('abort', onLeave, { once: true });
    lane.died.addEventListener('abort', onDeath, { once: true });
    // Nothing else frees what the runtime holds for a dead process.
    lane.died.addEventListener('abort', cancel);
    return new ReadableStream<Bytes>(
      {
        start(given) {
          controller = given;
          // What the server broke off by it does not tell.
          pump().catch(() => end(() => controller.error(broken('terminated'))));
        },
        pull: () => wake?.(),
        cancel: () => end(() => undefined),
      },
      { highWaterMark: 4 },
    );
  }

  /** The request's body on its way: in pieces, and now and then broken off. */
  function bodyOf(text: string): ReadableStream<Bytes> | string {
    if (!chance.happens(faults.split + faults.cut)) return text;
    const bytes = encoder.encode(text);
    const isCut = chance.happens(faults.cut);
    let at = 0;
    return new ReadableStream<Bytes>({
      async pull(controller) {
        await travel();
        if (at >= bytes.length) controller.close();
        else if (isCut && at > 0) controller.error(broken('terminated'));
        else controller.enqueue(bytes.slice(at, (at += chance.between(1, bytes.length))));
      },
    });
  }

  /** Nobody reads the answer. Of a dead process, too: nothing else frees what the runtime holds for it. */
  function letGo(response: Response): void {
    void response.body?.cancel().catch(() => undefined);
  }

  return {
    fetchFor({ name, lane }) {
      return async (input, init = {}) => {
        const { signal } = init;
        signal?.throwIfAborted();
        const make = (): Request => {
          const { method = 'GET', headers = {} } = init;
          if (typeof init.body !== 'string') return new Request(input, { method, headers });
          const body = bodyOf(init.body);
          return new Request(input, { method, headers, body, ...(typeof body === 'string' ? {} : { duplex: 'half' }) });
        };
        const isTwice = init.method === 'POST' && chance.happens(faults.duplicate);
        // Something on the way has sent it again: nobody reads that answer.
        if (isTwice) void exchange(`${name} again`, make, AbortSignal.abort()).catch(() => undefined);
        const { promise, resolve, reject } = Promise.withResolvers<Response>();
        const left = new AbortController();
        const leave = (): void => {
          left.abort(signal?.reason);
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', leave, { once: true });
        exchange(name, make, left.signal).then(
          (response) => lane.enter(() => resolve(response)),
          (error: unknown) => lane.enter(() => reject(error)),
        );
        return await promise;
      };
    },
    setFaults(changed) {
      faults = changed;
    },
    cutOff(client, ms) {
      trace.note(`net ${client} is cut off for ${ms} ms`);
      offlineUntilMs.set(client, clock.now() + ms);
    },
  };
}

function hasBody(response: Response): response is Response & { body: Body } {
  return response.body !== null;
}
