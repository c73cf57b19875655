// Which addresses an answer may link to: whole ones, of kinds that run nothing.
const allowed = new Set(['http:', 'https:', 'mailto:', 'tel:']);

/** The address as it may be linked; undefined where it may not. */
export function safeUrl(href: string): string | undefined {
  if (!URL.canParse(href)) return undefined;
  const url = new URL(href);
  return allowed.has(url.protocol) ? url.href : undefined;
}
