/** Integers of 1 to 64 bits at any bit offset of a byte range, most significant bit first. */

/** Widest field that numbers are good for: with seven bits beside it it stays below 2^53. */
export const NUMBER_BITS_MAX = 32;

/**
 * The unsigned field of `bits` bits at bit `offset` of `length` bytes from `base` on; what lies behind
 * them counts as zeros.
 */
export function readField(
  bytes: Buffer,
  base: number,
  length: number,
  offset: number,
  bits: number,
): bigint {
  let value = 0n;
  // In pieces of up to 32 bits.
  for (let at = 0; at < bits; at += NUMBER_BITS_MAX) {
    const piece = Math.min(NUMBER_BITS_MAX, bits - at);
    const part = readSmallField(bytes, base, length, offset + at, piece);
    value = (value << BigInt(piece)) | BigInt(part);
  }
  return value;
}

/** As `readField`, for up to 32 bits. */
export function readSmallField(
  bytes: Buffer,
  base: number,
  length: number,
  offset: number,
  bits: number,
): number {
  const first = Math.floor(offset / 8);
  const lead = offset % 8;
  const count = (lead + bits + 7) >>> 3;
  let value = 0;
  for (let i = first; i < first + count; i++) {
    value = value * 256 + (i < length ? bytes[base + i]! : 0);
  }
  return Math.floor(value / 2 ** (count * 8 - lead - bits)) % 2 ** bits;
}

/** Writes the field; the bytes are there. Only the low `bits` bits of the value count. */
export function writeField(
  bytes: Buffer,
  base: number,
  offset: number,
  bits: number,
  value: bigint,
): void {
  let rest = BigInt.asUintN(bits, value);
  for (let end = bits; end > 0; end -= NUMBER_BITS_MAX) {
    const piece = Math.min(NUMBER_BITS_MAX, end);
    const part = Number(BigInt.asUintN(piece, rest));
    writeSmallField(bytes, base, offset + end - piece, piece, part);
    rest >>= BigInt(piece);
  }
}

/** As `writeField`, for up to 32 bits and a value that fits them. */
export function writeSmallField(
  bytes: Buffer,
  base: number,
  offset: number,
  bits: number,
  value: number,
): void {
  const first = base + Math.floor(offset / 8);
  const lead = offset % 8;
  const count = (lead + bits + 7) >>> 3;
  const trail = count * 8 - lead - bits;
  // The field's bits in place among those of its bytes, byte by byte from the last.
  let shifted = value * 2 ** trail;
  let mask = (2 ** bits - 1) * 2 ** trail;
  for (let at = first + count - 1; at >= first; at--) {
    const byteMask = mask % 256;
    bytes[at] = (bytes[at]! & ~byteMask) | (shifted % 256);
    shifted = Math.floor(shifted / 256);
    mask = Math.floor(mask / 256);
  }
}
