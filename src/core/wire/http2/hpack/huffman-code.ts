/**
 * The Huffman code of HPACK: RFC 7541, appendix B.
 *
 * The code is canonical: symbols in order of length, then of value, take consecutive codes. So the lengths
 * say everything, and the codes are computed from them.
 */

/** The symbol that ends a string and may never be in one (RFC 7541, 5.2). */
export const EOS = 256;
export const CODE_BITS_MAX = 30;

/** Bits of the code of each octet, and of EOS. */
// biome-ignore format: sixteen a line, as octets are counted
export const codeLengths: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

/** Symbols in the order of their codes. */
export const symbolsByCode: readonly number[] = codeLengths
  .map((_, symbol) => symbol)
  .toSorted((a, b) => (codeLengths[a] as number) - (codeLengths[b] as number) || a - b);

/** For each length: the first code of that length and how many there are. */
export const firstCodes = new Int32Array(CODE_BITS_MAX + 1);
export const codeCounts = new Int32Array(CODE_BITS_MAX + 1);
/** For each length: where its symbols begin in `symbolsByCode`. */
export const firstSymbols = new Int32Array(CODE_BITS_MAX + 1);
/** The code of each symbol, right-aligned. */
export const codes = new Int32Array(EOS + 1);

for (const length of codeLengths) codeCounts[length] = (codeCounts[length] as number) + 1;
let code = 0;
let first = 0;
for (let length = 1; length <= CODE_BITS_MAX; length++) {
  code <<= 1;
  firstCodes[length] = code;
  firstSymbols[length] = first;
  const count = codeCounts[length] as number;
  for (let i = 0; i < count; i++) codes[symbolsByCode[first + i] as number] = code + i;
  code += count;
  first += count;
}
