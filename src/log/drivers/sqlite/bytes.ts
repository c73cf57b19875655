// Numbers as bytes: seven bits a byte, the lowest first, the eighth says that another follows (LEB128).

const maxUtf8Bytes = 3; // Of a UTF-16 code unit.

/** Writes from the front of a buffer that grows. */
export interface ByteWriter {
  /** An integer of 0 or more. */
  number(value: number): void;
  /** An integer that may be less than 0. */
  signed(value: number): void;
  copy(bytes: Uint8Array): void;
  /** The text in UTF-8. Gives how many bytes that took. */
  text(text: string): number;
  /** How many bytes were written. */
  readonly size: number;
  /** Sets bits of a byte that was written. */
  mark(at: number, bits: number): void;
  /** What was written, until something is written again. */
  written(): Uint8Array<ArrayBuffer>;
  /** Begins anew, in the same buffer. */
  clear(): void;
}

export function createByteWriter(sizeBytes: number): ByteWriter {
  let bytes = Buffer.from(new ArrayBuffer(sizeBytes));
  let at = 0;

  function makeRoom(count: number): void {
    if (at + count <= bytes.length) return;
    const larger = Buffer.from(new ArrayBuffer(Math.max(bytes.length * 2, at + count)));
    larger.set(bytes.subarray(0, at));
    bytes = larger;
  }

  function number(value: number): void {
    makeRoom(8);
    let rest = value;
    while (rest >= 0x80) {
      bytes[at] = (rest % 0x80) + 0x80;
      at += 1;
      rest = Math.floor(rest / 0x80);
    }
    bytes[at] = rest;
    at += 1;
  }

  return {
    number,
    signed: (value) => number(value < 0 ? -2 * value - 1 : 2 * value),
    copy(given) {
      makeRoom(given.length);
      bytes.set(given, at);
      at += given.length;
    },
    text(text) {
      makeRoom(text.length * maxUtf8Bytes);
      const count = bytes.write(text, at, 'utf8');
      at += count;
      return count;
    },
    get size() {
      return at;
    },
    mark(place, bits) {
      bytes[place] = (bytes[place] ?? 0) | bits;
    },
    written: () => bytes.subarray(0, at),
    clear() {
      at = 0;
    },
  };
}

/** Reads what a `ByteWriter` wrote, up to `end`. Behind that, everything is NaN. */
export class ByteReader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, { start, end }: { start: number; end: number }) {
    this.#bytes = bytes;
    this.at = start;
    this.#end = end;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    while (this.at < this.#end) {
      const byte = this.#bytes[this.at] ?? 0;
      this.at += 1;
      if (byte < 0x80) return value + byte * scale;
      value += (byte - 0x80) * scale;
      scale *= 0x80;
    }
    return NaN;
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }
}
