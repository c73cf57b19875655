// Any character, for tests of what must take every text.
import fc from 'fast-check';

/** All code points but the surrogates. fast-check's own unit `binary` is the same, but takes seconds to make. */
export const codePoint = fc.nat({ max: 0x10_f7_ff }).map((n) => String.fromCodePoint(n < 0xd8_00 ? n : n + 0x8_00));
