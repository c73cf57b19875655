// Stops with one clear sentence on a Node that is too old. Plain JavaScript without
// imports, so that it runs on every Node that knows ES modules.
const wantedMajor = 22;
const wantedMinor = 18; // Type stripping and node:sqlite without flags.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
  process.stderr.write(
    `Verbatim needs Node ${wantedMajor}.${wantedMinor} or later, but this is Node ${process.versions.node}. ` +
      'Install a current Node from https://nodejs.org, or run `npm ci` here on Linux: it brings its own.\n',
  );
  process.exit(1);
}
