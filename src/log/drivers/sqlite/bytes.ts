// Numbers as bytes: seven bits a byte, the lowest first, the eighth says that another follows (LEB128).

/** Writes from the front of a buffer that grows. */
export interface ByteWriter {
  /** An integer of 0 or more. */
  number(value: number): void;
  /** An integer that may be less than 0. */
  signed(value: number): void;
  copy(bytes: Uint8Array): void;
  /** What was written. */
  finish(): Uint8Array<ArrayBuffer>;
}

export function createByteWriter(sizeBytes: number): ByteWriter {
  let bytes = new Uint8Array(sizeBytes);
  let at = 0;

  function makeRoom(count: number): void {
    if (at + count <= bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes.length * 2, at + count));
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
    finish: () => bytes.subarray(0, at),
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
