// The built page, served from memory: its few files are read once, so that no path of a request
// ever reaches the file system.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

/** Answers a request for the page or one of its files; undefined for anything else. */
export type Page = (request: Request) => Response | undefined;

interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Record<string, string>;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

/** Reads the files below `folder`. Errors: those of the file system, when the page was not built. */
export async function loadPage(folder: string): Promise<Page> {
  const files = new Map<string, PageFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(folder.length).split(sep).join('/');
    files.set(path.startsWith('/') ? path : `/${path}`, await readPageFile(file));
  }
  return (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const { pathname } = new URL(request.url);
    // One document serves every address of the page; the page itself reads which it is.
    const isDocument = pathname === '/' || /^\/c\/[^/]+$/.test(pathname);
    const file = files.get(isDocument ? '/index.html' : pathname);
    if (file === undefined) return undefined;
    if (request.headers.get('If-None-Match') === file.headers['ETag']) {
      return new Response(null, { status: 304, headers: file.headers });
    }
    return new Response(request.method === 'HEAD' ? null : file.body, { headers: file.headers });
  };
}

async function readPageFile(file: string): Promise<PageFile> {
  const body = new Uint8Array(await readFile(file));
  const extension = extname(file);
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  // The names of files below assets/ change with what is in them.
  const cache = file.includes(`${sep}assets${sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache';
  return {
    body,
    headers: {
      'Content-Type': contentTypes[extension] ?? 'application/octet-stream',
      'Cache-Control': cache,
      ETag: `"${hash}"`,
      ...(extension === '.html' ? pageHeaders : {}),
    },
  };
}
