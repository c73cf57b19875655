// Redis: an XADD an event, pipelined over sockets, from a server that flushes before it answers. Spoken
// without a client's package, which would cost more than the server does.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { streamName } from '../deltas.ts';
import { dataAt, streamOf, type OpenStore } from '../store.ts';

// A server reads 16 kB of a socket at a time and flushes once for all that it has read, so with one socket a
// tick's commands would be several flushes: 1 socket took three times the CPU time of 16 (this file, 2 cores).
const sockets = 16;

export const openRedis: OpenStore = async ({ streams }, progress) => {
  const path = process.env['BENCH_REDIS_SOCKET'];
  if (path === undefined) throw new Error('Expected the socket of a Redis server');
  const lines = await Promise.all(Array.from({ length: sockets }, () => openLine(path, progress)));
  const control = await openControl(path);
  return {
    append(from, count) {
      const commands = lines.map(() => '');
      for (let n = from; n < from + count; n += 1) {
        const stream = streamOf(n, streams);
        const data = dataAt(n, streams);
        const name = streamName(stream);
        commands[stream % sockets] +=
          `*7\r\n$4\r\nXADD\r\n$${name.length}\r\n${name}\r\n$1\r\n*\r\n$1\r\nt\r\n$5\r\ndelta\r\n$1\r\nd\r\n$${data.length}\r\n${data}\r\n`;
        lines[stream % sockets]?.expect(n);
      }
      for (const [index, line] of lines.entries()) if (commands[index] !== '') line.send(commands[index] ?? '');
    },
    async countStored() {
      let stored = 0;
      for (let stream = 0; stream < streams; stream += 1)
        stored += Number((await control.ask(`XLEN ${streamName(stream)}\r\n`)).slice(1));
      return stored;
    },
    async cpuUsElsewhere() {
      const info = await control.ask('INFO cpu\r\n');
      return 1e6 * (numberIn(info, 'used_cpu_sys') + numberIn(info, 'used_cpu_user'));
    },
    rssElsewhere: async () => numberIn(await control.ask('INFO memory\r\n'), 'used_memory_rss'),
    async close() {
      for (const line of lines) line.close();
      control.close();
    },
  };
};

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:([0-9.]+)`, 'm').exec(info)?.[1]);
}

interface Line {
  /** The next answer will be that to append number `n`. */
  expect(n: number): void;
  send(commands: string): void;
  close(): void;
}

async function openLine(path: string, progress: Parameters<OpenStore>[1]): Promise<Line> {
  const socket = await connectTo(path);
  let waiting: number[] = [];
  let answered = 0;
  let lineEnds = 0;
  socket.on('error', progress.fail);
  socket.on('data', (bytes) => {
    if (lineEnds === 0 && bytes[0] === 0x2d) progress.fail(new Error(bytes.toString('latin1'))); // An error, `-…`.
    // An answer is an id, `$15\r\n1700000000000-0\r\n`: two lines.
    for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
      lineEnds += 1;
      if (lineEnds < 2) continue;
      lineEnds = 0;
      progress.settle(waiting[answered] ?? NaN);
      answered += 1;
    }
    if (answered < 10_000) return;
    waiting = waiting.slice(answered);
    answered = 0;
  });
  return {
    expect: (n) => void waiting.push(n),
    send: (commands) => void socket.write(commands, 'latin1'),
    close: () => void socket.destroy(),
  };
}

/** For what is asked beside the load: an answer of one line, or of one bulk string. */
async function openControl(path: string): Promise<{ ask(command: string): Promise<string>; close(): void }> {
  const socket = await connectTo(path);
  return {
    async ask(command) {
      socket.write(command);
      let answer = '';
      do {
        const [bytes] = (await once(socket, 'data')) as [Buffer];
        answer += bytes.toString('latin1');
      } while (!isWhole(answer));
      return answer;
    },
    close: () => void socket.destroy(),
  };
}

function isWhole(answer: string): boolean {
  const bulk = /^\$(\d+)\r\n/.exec(answer);
  return bulk === null ? answer.endsWith('\r\n') : answer.length >= bulk[0].length + Number(bulk[1]) + 2;
}

async function connectTo(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}
