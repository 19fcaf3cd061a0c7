/**
 * Strings in the Huffman code of HPACK (RFC 7541, 5.2), both ways.
 *
 * Decoding looks nine bits up at a time, which is every letter, digit and nearly every mark; longer codes
 * are walked bit by bit. It is strict: EOS inside a string, padding of eight bits or more and padding that
 * is not the beginning of EOS are errors.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import {
  CODE_BITS_MAX,
  codeCounts,
  codeLengths,
  codes,
  EOS,
  firstCodes,
  firstSymbols,
  symbolsByCode,
} from './huffman-code.ts';

const LOOKUP_BITS = 9;
const LOOKUP_MASK = (1 << LOOKUP_BITS) - 1;

/** By the next nine bits: symbol * 16 + bits of its code; 0 when the code is longer. */
const lookup = new Uint16Array(1 << LOOKUP_BITS);
const bitsOf = Uint8Array.from(codeLengths);
const symbols = Uint16Array.from(symbolsByCode);

for (let symbol = 0; symbol < EOS; symbol++) {
  const bits = bitsOf[symbol] as number;
  if (bits > LOOKUP_BITS) continue;
  const from = (codes[symbol] as number) << (LOOKUP_BITS - bits);
  lookup.fill(symbol * 16 + bits, from, from + (1 << (LOOKUP_BITS - bits)));
}

/** Octets that `length` octets of Huffman code can become at most: no code is shorter than five bits. */
export function huffmanDecodedMax(length: number): number {
  return Math.floor((length * 8) / 5);
}

/**
 * Decodes `from[start, start + length)` into `to` at `at`, where there must be `huffmanDecodedMax` room.
 * Returns the index behind the last octet written, -1 when the string is malformed.
 */
export function decodeHuffman(
  from: Buffer,
  start: number,
  length: number,
  to: Buffer,
  at: number,
): number {
  const end = start + length;
  let next = start;
  let out = at;
  // The lowest `bits` bits of `held` are still to be decoded; what lies above them is spent.
  let held = 0;
  let bits = 0;
  for (;;) {
    while (bits <= 24 && next < end) {
      held = (held << 8) | from[next++]!;
      bits += 8;
    }
    if (bits < LOOKUP_BITS) break;
    do {
      const entry = lookup[(held >>> (bits - LOOKUP_BITS)) & LOOKUP_MASK]!;
      if (entry === 0) {
        const position = (next - start) * 8 - bits;
        const found = decodeLong(from, start, position, length * 8);
        if (found < 0) return -1;
        to[out++] = found >>> 5;
        const resume = position + (found & 31);
        next = start + (resume >>> 3);
        bits = 0;
        if ((resume & 7) !== 0) {
          held = from[next++]!;
          bits = 8 - (resume & 7);
        }
        break;
      }
      to[out++] = entry >>> 4;
      bits -= entry & 15;
    } while (bits >= LOOKUP_BITS);
  }
  while (bits > 0) {
    // Ones behind the last bit: EOS begins with ones, so padding finds no short symbol.
    const entry = lookup[((held << (LOOKUP_BITS - bits)) | (LOOKUP_MASK >>> bits)) & LOOKUP_MASK]!;
    if (entry === 0 || (entry & 15) > bits) break;
    to[out++] = entry >>> 4;
    bits -= entry & 15;
  }
  const padding = (1 << bits) - 1;
  return bits < 8 && (held & padding) === padding ? out : -1;
}

/** A code of more than nine bits at bit `position`: symbol * 32 + bits; -1 for EOS or a code cut short. */
function decodeLong(from: Buffer, start: number, position: number, bitsEnd: number): number {
  let code = 0;
  let at = position;
  for (let length = 1; length <= CODE_BITS_MAX && at < bitsEnd; length++, at++) {
    code = (code << 1) | ((from[start + (at >>> 3)]! >>> (7 - (at & 7))) & 1);
    const index = code - firstCodes[length]!;
    if (index < codeCounts[length]!) {
      const symbol = symbols[firstSymbols[length]! + index]!;
      return symbol === EOS ? -1 : symbol * 32 + length;
    }
  }
  return -1;
}

/** Octets that `from[start, start + length)` takes in Huffman code. */
export function huffmanLength(from: Buffer, start: number, length: number): number {
  let bits = 0;
  for (let i = start; i < start + length; i++) bits += bitsOf[from[i]!]!;
  return (bits + 7) >>> 3;
}

/** Encodes into `to` at `at`, where there must be room; returns the index behind the last octet. */
export function encodeHuffman(
  from: Buffer,
  start: number,
  length: number,
  to: Buffer,
  at: number,
): number {
  let out = at;
  let held = 0;
  let bits = 0;
  for (let i = start; i < start + length; i++) {
    const octet = from[i]!;
    const code = codes[octet]!;
    let more = bitsOf[octet]!;
    if (more > 24) {
      // Seven bits held and thirty new ones do not fit into 32: the upper part goes first.
      more -= 16;
      held = (held << more) | (code >>> 16);
      bits += more;
      while (bits >= 8) {
        bits -= 8;
        to[out++] = held >>> bits;
      }
      held = (held << 16) | (code & 0xffff);
      bits += 16;
    } else {
      held = (held << more) | code;
      bits += more;
    }
    while (bits >= 8) {
      bits -= 8;
      to[out++] = held >>> bits;
    }
  }
  if (bits > 0) to[out++] = (held << (8 - bits)) | (0xff >>> bits);
  return out;
}
