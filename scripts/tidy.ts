// The rules of the tree that no other tool knows: which layer may import what, and calls that
// would bring real time, chance or the console into a layer.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A layer's own imports are always allowed; `packages` are third-party ones, `node:` included. */
interface Layer {
  readonly layers: readonly string[];
  readonly packages: readonly string[];
}

/** The allow-list. A file's layer is the longest key that its path begins with. */
const allowed: Readonly<Record<string, Layer>> = {
  'src/core': { layers: [], packages: [] },
  'src/sse': { layers: ['src/core'], packages: [] },
  'src/log': { layers: ['src/core', 'src/log/drivers'], packages: [] },
  'src/log/drivers': { layers: ['src/core', 'src/log'], packages: ['node:'] },
  'src/conversation': { layers: ['src/core'], packages: [] },
  'src/engine': {
    layers: ['src/core', 'src/sse', 'src/log', 'src/conversation'],
    packages: ['@ai-sdk'],
  },
  'src/client': { layers: ['src/core', 'src/sse', 'src/conversation'], packages: [] },
  'src/react': { layers: ['src/client', 'src/conversation', 'src/core'], packages: ['react'] },
  'src/http': {
    layers: ['src/core', 'src/sse', 'src/log', 'src/conversation', 'src/engine'],
    packages: ['hono', '@hono/node-server', 'zod', 'node:'],
  },
  'src/testing': { layers: ['src/core', 'src/log', 'src/engine'], packages: [] },
  'src/cli': { layers: ['src/*.ts'], packages: ['commander', 'node:'] },
  'src/*.ts': {
    layers: [
      'src/core',
      'src/sse',
      'src/log',
      'src/conversation',
      'src/engine',
      'src/client',
      'src/react',
      'src/http',
      'src/testing',
    ],
    packages: [],
  },
  web: {
    layers: [],
    packages: [
      'verbatim/client',
      'verbatim/react',
      'react',
      'react-dom',
      'marked',
      'remend',
      'vite',
      '@vitejs/plugin-react',
      'node:',
    ],
  },
};

/** Only src/log/open.ts, which turns a store's URL into a driver, names the drivers. */
const driverImporters = new Set(['src/log/open.ts']);

/** Text that only looks like code. */
const prose = new Set(['src/engine/models/tour.ts']);

const banned: ReadonlyArray<{ readonly pattern: RegExp; readonly instead: string; readonly except: RegExp }> = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/,
    instead: 'the Clock in deps (core/clock.ts)',
    except: /^src\/(core\/clock\.ts|cli\/)/,
  },
  {
    pattern: /\bMath\.random\(|\brandomUUID\(|\bgetRandomValues\(/,
    instead: 'the Random in deps (core/random.ts)',
    except: /^src\/core\/random\.ts$/,
  },
  { pattern: /\bconsole\./, instead: 'a Telemetry event (core/telemetry.ts)', except: /^$/ },
];

export async function run(): Promise<void> {
  const problems = [...filesBelow('src'), ...filesBelow('web')].flatMap(check).concat(checkRules());
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted();
}

function check(file: string): string[] {
  if (prose.has(file)) return [];
  const text = readFileSync(join(root, file), 'utf8');
  const isTest = /\.test\.tsx?$/.test(file);
  return [
    ...(isTest ? [] : importsOf(text).flatMap((specifier) => checkImport(file, specifier))),
    ...(isTest || file.startsWith('web/') ? [] : checkCalls(file, text)),
    ...(/^\/\/ \S/.test(text) || isTest || file.endsWith('.d.ts')
      ? []
      : [`${file}: expected to open with a comment on its job`]),
  ];
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map(([, specifier = '']) => specifier);
}

function layerOf(file: string): string | undefined {
  if (/^src\/[^/]+\.ts$/.test(file)) return 'src/*.ts';
  return Object.keys(allowed)
    .filter((layer) => file.startsWith(`${layer}/`))
    .toSorted((a, b) => b.length - a.length)[0];
}

function checkImport(file: string, specifier: string): string[] {
  const layer = layerOf(file);
  const rules = layer === undefined ? undefined : allowed[layer];
  if (layer === undefined || rules === undefined)
    return [`${file}: expected to be in a layer that scripts/tidy.ts knows`];
  if (!specifier.startsWith('.')) {
    const known = rules.packages.some(
      (name) => specifier === name || specifier.startsWith(name.endsWith(':') ? name : `${name}/`),
    );
    return known ? [] : [`${file}: ${layer} may not import ${specifier}`];
  }
  const target = relative(root, resolve(root, dirname(file), specifier))
    .split(sep)
    .join('/');
  const targetLayer = layerOf(target);
  if (targetLayer === layer) return [];
  if (targetLayer === 'src/log/drivers' && !driverImporters.has(file))
    return [`${file}: only ${[...driverImporters].join()} may name a driver`];
  if (targetLayer !== undefined && rules.layers.includes(targetLayer)) return [];
  return [`${file}: ${layer} may not import ${target}`];
}

function checkCalls(file: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) return [];
    const found = banned.filter(({ pattern, except }) => pattern.test(line) && !except.test(file));
    return found.map(
      ({ pattern, instead }) => `${file}:${index + 1}: ${pattern.exec(line)?.[0]} is banned here; use ${instead}`,
    );
  });
}

/** Each rule of docs/spec is named by a test, and each rule that a test names is there. */
function checkRules(): string[] {
  const defined = new Set<string>();
  for (const file of readdirSync(join(root, 'docs/spec'))) {
    const text = readFileSync(join(root, 'docs/spec', file), 'utf8');
    for (const [, rule = ''] of text.matchAll(/^- \*\*([A-Z]+(?:-[A-Z0-9]+)+)\*\*/gm)) defined.add(rule);
  }
  const tests = [...filesBelow('src'), ...filesBelow('test')].filter((file) => file.endsWith('.ts'));
  const named = new Map<string, string>();
  for (const file of tests) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [names] of text.matchAll(/(?<=['"`])(\[[A-Z]+(?:-[A-Z0-9]+)+\] ?)+/g)) {
      for (const [, rule = ''] of names.matchAll(/\[([^\]]+)\]/g)) named.set(rule, file);
    }
  }
  return [
    ...[...defined].filter((rule) => !named.has(rule)).map((rule) => `docs/spec: no test is named after ${rule}`),
    ...[...named]
      .filter(([rule]) => !defined.has(rule))
      .map(([rule, file]) => `${file}: ${rule} is no rule of docs/spec`),
  ];
}
