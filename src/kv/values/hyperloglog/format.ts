/**
 * The bytes of a HyperLogLog, which are Redis':
 *
 *   "HYLL" encoding:u8 unused:u8{3} cardinality:u64 registers
 *
 * The cardinality is a cache; its highest bit says that it is out of date. Encoding 0, dense: 16,384
 * registers of 6 bits, the first in the low bits of the first byte. Encoding 1, sparse: runs of
 * registers with one count each,
 *
 *   00xxxxxx            ZERO   x + 1 registers of 0
 *   01xxxxxx yyyyyyyy   XZERO  xy + 1 registers of 0
 *   1vvvvvxx            VAL    x + 1 registers of v + 1
 */

export const HEADER_BYTES = 16;
export const REGISTERS = 16_384;
export const DENSE_BYTES = HEADER_BYTES + (REGISTERS * 6) / 8;
export const Encoding = { dense: 0, sparse: 1 } as const;

const MAGIC = Buffer.from('HYLL');
const ENCODING_AT = 4;
const CARDINALITY_AT = 8;
/** Byte of the cardinality that has the bit `out of date`. */
const STALE_AT = 15;
const STALE = 0x80;

/** Whether the bytes are a HyperLogLog as far as its header tells. */
export function isHyperLogLog(bytes: Buffer, start: number, length: number): boolean {
  if (length < HEADER_BYTES) return false;
  if (bytes.compare(MAGIC, 0, MAGIC.length, start, start + MAGIC.length) !== 0) return false;
  const encoding = bytes[start + ENCODING_AT]!;
  return encoding === Encoding.sparse || (encoding === Encoding.dense && length === DENSE_BYTES);
}

export function isDense(bytes: Buffer, start: number): boolean {
  return bytes[start + ENCODING_AT] === Encoding.dense;
}

export function setEncoding(bytes: Buffer, start: number, encoding: number): void {
  bytes[start + ENCODING_AT] = encoding;
}

/** Writes the header of a sketch without elements. */
export function writeHeader(bytes: Buffer, start: number, encoding: number): void {
  bytes.fill(0, start, start + HEADER_BYTES);
  MAGIC.copy(bytes, start);
  setEncoding(bytes, start, encoding);
}

/** The cached cardinality; undefined when it is out of date. */
export function cachedCardinality(bytes: Buffer, start: number): bigint | undefined {
  if ((bytes[start + STALE_AT]! & STALE) !== 0) return undefined;
  return bytes.readBigUInt64LE(start + CARDINALITY_AT);
}

export function cacheCardinality(bytes: Buffer, start: number, cardinality: bigint): void {
  bytes.writeBigUInt64LE(cardinality, start + CARDINALITY_AT);
}

export function forgetCardinality(bytes: Buffer, start: number): void {
  bytes[start + STALE_AT] = bytes[start + STALE_AT]! | STALE;
}
