// What the clients of verbatim/sse cost a page: bundled, minified and gzipped, against their limits.
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';

const entry = fileURLToPath(new URL('../src/sse.ts', import.meta.url));
const virtual = '\0size';

const kib = 1_024;

/** A page loads one of the clients; 4 KiB is what each may cost with all that it needs. */
const limits: ReadonlyArray<{ readonly names: string; readonly maxSizeBytes: number }> = [
  { names: 'createParser', maxSizeBytes: 1.25 * kib },
  { names: 'connect', maxSizeBytes: 4 * kib },
  { names: 'EventSource', maxSizeBytes: 4 * kib },
];

export async function run(): Promise<void> {
  for (const { names, maxSizeBytes } of limits) {
    const sizeBytes = await sizeOf(names);
    const isOver = sizeBytes > maxSizeBytes;
    process.stdout.write(`${isOver ? 'FAILED' : 'ok    '} ${names}: ${sizeBytes} of ${maxSizeBytes} bytes\n`);
    if (isOver) process.exitCode = 1;
  }
}

async function sizeOf(names: string): Promise<number> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'size',
        resolveId: (id) => (id === virtual ? id : undefined),
        load: (id) => (id === virtual ? `export { ${names} } from ${JSON.stringify(entry)};` : undefined),
      },
    ],
    build: {
      write: false,
      target: 'es2024',
      modulePreload: false,
      rolldownOptions: { input: virtual, preserveEntrySignatures: 'strict' },
    },
  });
  const { output } = result as Rolldown.RolldownOutput; // One input, one output, nothing watched.
  return gzipSync(output[0].code, { level: 9 }).length;
}
