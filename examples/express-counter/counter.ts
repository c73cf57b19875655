// The smallest event stream: a page that counts. `/stream` sends `Count: [n]` each second, stops
// its timer when the client leaves, and goes on where the client was when it comes back.
import express, { type Express } from 'express';
import { openEventStream, systemClock, type Clock, type EventStream } from 'verbatim/sse';

const page = `<!doctype html>
<meta charset="utf-8">
<title>Counter</title>
<div id="result"></div>
<script>
  const result = document.getElementById('result');
  new EventSource('/stream').onmessage = (event) => {
    result.append(event.data, document.createElement('br'));
  };
</script>
`;

/** The app. Tests pass a clock that they turn by hand. */
export function createApp({ clock = systemClock }: { readonly clock?: Clock } = {}): Express {
  const app = express();
  app.get('/', (_request, response) => {
    response.type('html').send(page);
  });
  app.get('/stream', async (request, response) => {
    await count(openEventStream(request, response, { clock }), clock);
  });
  return app;
}

/** Sends the numbers after the last one that the client has seen, until it leaves. */
async function count(stream: EventStream, clock: Clock): Promise<void> {
  const { lastEventId, signal } = stream;
  let n = /^[0-9]{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0;
  while (await second(signal, clock)) {
    n += 1;
    stream.send({ id: String(n), data: `Count: [${n}]` });
    await stream.drained();
  }
}

/** Waits for a second. False where the client leaves first, which ends the timer too. */
async function second(signal: AbortSignal, clock: Clock): Promise<boolean> {
  try {
    await clock.sleep(1_000, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
