// Runs scripts/<name>.ts after the check of Node's version: `node scripts/run.js build --if-needed`.
import '../bin/require-node.js';

const name = process.argv[2];
if (name === undefined || !/^[a-z-]+$/.test(name)) {
  process.stderr.write('Expected the name of a script, such as: node scripts/run.js build\n');
  process.exit(1);
}
const script = await import(new URL(`./${name}.ts`, import.meta.url).href);
await script.run(process.argv.slice(3));
