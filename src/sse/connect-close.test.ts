import { afterEach, describe, expect, it, vi } from 'vitest';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { connect, type ConnectOptions } from './connect.ts';
import { encode } from './encode.ts';

const url = 'https://example.test/events';

/** A server whose bodies stay open until they are cancelled or aborted, and are counted. */
function createRig() {
  const clock = createFakeClock();
  const phases: string[] = [];
  const bodies: Array<{ push(text: string): void; cut(): void; released: boolean }> = [];

  async function fetch(_url: unknown, init?: RequestInit): Promise<Response> {
    const body = { push: (_text: string): void => undefined, cut: (): void => undefined, released: false };
    bodies.push(body);
    const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        body.push = (text) => controller.enqueue(new TextEncoder().encode(text));
        body.cut = () => controller.error(new TypeError('network error'));
        init?.signal?.addEventListener('abort', () => {
          body.released = true;
          controller.error(init.signal?.reason);
        });
      },
      cancel() {
        body.released = true;
      },
    });
    return new Response(readable, { headers: { 'Content-Type': 'text/event-stream' } });
  }

  const options = {
    clock,
    fetch,
    random: createSeededRandom(3),
    onPhase: (phase) => phases.push(phase),
  } satisfies ConnectOptions;
  return { clock, phases, bodies, options };
}

/** A signal that knows how many wait for it. */
function createCountedSignal() {
  const controller = new AbortController();
  let listeners = 0;
  const add = vi.spyOn(controller.signal, 'addEventListener').mockImplementation((...given) => {
    listeners += 1;
    EventTarget.prototype.addEventListener.apply(controller.signal, given);
  });
  const remove = vi.spyOn(controller.signal, 'removeEventListener').mockImplementation((...given) => {
    listeners -= 1;
    EventTarget.prototype.removeEventListener.apply(controller.signal, given);
  });
  return {
    signal: controller.signal,
    abort: (reason: unknown) => controller.abort(reason),
    get listeners() {
      expect(add.mock.calls.length).toBeGreaterThanOrEqual(remove.mock.calls.length);
      return listeners;
    },
  };
}

const reason = { the: 'reason' };

describe('[SSE-ABORT] abort by the signal', () => {
  it('before the first request throws its reason and asks for nothing', async () => {
    const rig = createRig();
    const iterator = connect(url, { ...rig.options, signal: AbortSignal.abort(reason) });
    await expect(iterator.next()).rejects.toBe(reason);
    expect(rig.bodies).toHaveLength(0);
    expect(rig.clock.pending).toBe(0);
  });

  it('while the consumer waits for an event', async () => {
    const rig = createRig();
    const counted = createCountedSignal();
    const pending = connect(url, { ...rig.options, signal: counted.signal }).next();
    await rig.clock.advance(0);
    expect(counted.listeners).toBe(1);
    counted.abort(reason);
    await expect(pending).rejects.toBe(reason);
    expect(rig.bodies[0]?.released).toBe(true);
    expect(rig.clock.pending).toBe(0);
    expect(counted.listeners).toBe(0);
    expect(rig.phases).toEqual(['connecting', 'live', 'ended']);
  });

  it('while a request is under way', async () => {
    const rig = createRig();
    const controller = new AbortController();
    let requestSignal: AbortSignal | null | undefined;
    const fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
      requestSignal = init?.signal;
      return await new Promise((_resolve, reject) => {
        requestSignal?.addEventListener('abort', () => reject(requestSignal?.reason));
      });
    };
    const pending = connect(url, { ...rig.options, fetch, signal: controller.signal }).next();
    await rig.clock.advance(0);
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    expect(requestSignal?.aborted).toBe(true);
    expect(rig.clock.pending).toBe(0);
  });

  it('while it waits to reconnect', async () => {
    const rig = createRig();
    const controller = new AbortController();
    const pending = connect(url, { ...rig.options, signal: controller.signal }).next();
    await rig.clock.advance(0);
    rig.bodies[0]?.cut();
    await rig.clock.advance(0);
    expect(rig.phases.at(-1)).toBe('stale');
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await rig.clock.advance(60_000);
    expect(rig.bodies).toHaveLength(1);
    expect(rig.clock.pending).toBe(0);
  });

  it('while the consumer is busy gives it no further event', async () => {
    const rig = createRig();
    const controller = new AbortController();
    const iterator = connect(url, { ...rig.options, signal: controller.signal });
    const first = iterator.next();
    await rig.clock.advance(0);
    rig.bodies[0]?.push(encode({ data: 'a' }) + encode({ data: 'b' }));
    expect((await first).value?.data).toBe('a');
    controller.abort(reason);
    await expect(iterator.next()).rejects.toBe(reason);
    expect(rig.bodies[0]?.released).toBe(true);
  });
});

describe('[SSE-ABORT] leaving the loop', () => {
  it.each(['break', 'throw'])('by %s cancels the request and leaves no timer or listener', async (how) => {
    const rig = createRig();
    const counted = createCountedSignal();
    async function consume(): Promise<string> {
      for await (const { data } of connect(url, { ...rig.options, signal: counted.signal })) {
        if (how === 'throw') throw new Error(data);
        return data;
      }
      return 'ended';
    }
    const consumed = consume().catch((error: unknown) => (error instanceof Error ? error.message : 'unknown'));
    await rig.clock.advance(0);
    rig.bodies[0]?.push(encode({ data: 'a' }) + encode({ data: 'b' }));
    expect(await consumed).toBe('a');
    expect(rig.bodies[0]?.released).toBe(true);
    expect(rig.clock.pending).toBe(0);
    expect(counted.listeners).toBe(0);
    expect(rig.phases.at(-1)).toBe('ended');
    await rig.clock.advance(600_000);
    expect(rig.bodies).toHaveLength(1);
  });

  it('before it began asks for nothing', async () => {
    const rig = createRig();
    await connect(url, rig.options).return();
    expect(rig.bodies).toHaveLength(0);
    expect(rig.phases).toEqual([]);
  });
});

describe('[SSE-SILENCE] in a page', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  /** A page as far as it is looked at: it can be hidden, shown and cut from the network. */
  function openPage() {
    const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    const window = new EventTarget();
    vi.stubGlobal('window', window);
    vi.stubGlobal('document', page);
    return {
      window: (type: string) => window.dispatchEvent(new Event(type)),
      show(visibilityState: 'visible' | 'hidden') {
        page.visibilityState = visibilityState;
        page.dispatchEvent(new Event('visibilitychange'));
      },
    };
  }

  async function openLive() {
    const page = openPage();
    const rig = createRig();
    const iterator = connect(url, rig.options);
    const pending = iterator.next();
    await rig.clock.advance(0);
    expect(rig.phases.at(-1)).toBe('live');
    return { ...rig, page, iterator, pending };
  }

  it('hiding and showing leaves a healthy stream alone', async () => {
    const { page, clock, bodies, iterator, pending } = await openLive();
    for (const state of ['hidden', 'visible', 'hidden', 'visible'] as const) {
      await clock.advance(5_000);
      page.show(state);
    }
    expect(bodies).toHaveLength(1);
    bodies[0]?.push(encode({ data: 'a' }));
    expect((await pending).value?.data).toBe('a');
    await iterator.return();
  });

  it('waking after a sleep in which timers stood still reconnects at once', async () => {
    const { page, clock, bodies, iterator, pending } = await openLive();
    clock.jump(clock.now() + 3_600_000);
    page.window('pageshow');
    await clock.advance(0);
    expect(bodies).toHaveLength(2);
    expect(bodies[0]?.released).toBe(true);
    bodies[1]?.push(encode({ data: 'a' }));
    expect((await pending).value?.data).toBe('a');
    await iterator.return();
  });

  it('waking does not abort a stream whose consumer was the slow one', async () => {
    const { page, clock, bodies, iterator, pending } = await openLive();
    bodies[0]?.push(encode({ data: 'a' }) + encode({ data: 'b' }));
    await pending;
    clock.jump(clock.now() + 3_600_000);
    page.show('visible');
    await clock.advance(0);
    expect(bodies).toHaveLength(1);
    expect((await iterator.next()).value?.data).toBe('b');
    await iterator.return();
  });

  it.each(['visible', 'hidden'] as const)('goes on when the network is back, also while %s', async (state) => {
    const { page, clock, bodies, phases, iterator, pending } = await openLive();
    page.show(state);
    bodies[0]?.cut();
    await clock.advance(0);
    page.window('offline');
    expect(phases.at(-1)).toBe('offline');
    await clock.advance(600_000);
    expect(bodies).toHaveLength(1);
    page.window('online');
    await clock.advance(0);
    expect(bodies).toHaveLength(2);
    bodies[1]?.push(encode({ data: 'a' }));
    expect((await pending).value?.data).toBe('a');
    await iterator.return();
  });

  it('hears nothing of the page once it was left', async () => {
    const { page, clock, bodies, phases, iterator, pending } = await openLive();
    bodies[0]?.push(encode({ data: 'a' }));
    await pending;
    await iterator.return();
    const before = phases.length;
    for (const type of ['offline', 'online', 'pageshow']) page.window(type);
    page.show('visible');
    await clock.advance(60_000);
    expect(bodies).toHaveLength(1);
    expect(phases).toHaveLength(before);
  });
});
