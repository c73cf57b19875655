// How a cursor is spelled in the Last-Event-ID header: as UTF-8, which header values, being
// bytes and read as Latin-1 by every runtime, do not do by themselves [whatwg-html 9.2.4].

/** What stands in a cursor that no header can carry: a control character other than the tab [rfc9110 5.5]. */
// oxlint-disable-next-line no-control-regex -- these are what the rule is about
export const unsendable = /[\0-\x08\n-\x1f\x7f]/;

/** The cursor as a header value: one character for each byte of its UTF-8. */
export function toHeaderValue(lastEventId: string): string {
  return Array.from(new TextEncoder().encode(lastEventId), (byte) => String.fromCharCode(byte)).join('');
}

/** The cursor that a header value spells. */
export function fromHeaderValue(value: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    Uint8Array.from(value, (character) => character.charCodeAt(0)),
  );
}
