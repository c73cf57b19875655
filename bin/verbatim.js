#!/usr/bin/env node
// The program. The check of Node's version must be evaluated before anything else loads.
import './require-node.js';

// By a variable, so that the types do not depend on a build.
const program = new URL('../dist/cli/main.js', import.meta.url).href;
const { main } = await import(program);
await main(process.argv.slice(2));
