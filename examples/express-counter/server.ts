// Serves the counter on port 8080, or on PORT.
import { createApp } from './counter.ts';

const port = Number(process.env['PORT'] ?? 8080);
const server = createApp().listen(port, (error) => {
  if (error !== undefined) {
    process.stderr.write(`Cannot listen on port ${port}: ${error.message}\n`);
    process.exit(1);
  }
  const address = server.address();
  const actual = typeof address === 'object' ? address?.port : port;
  process.stdout.write(`Counting at http://localhost:${actual}\n`);
});
