/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), for formats that ask for it by name.
 *
 * Pure JavaScript, eight tables, about 0.5 GB/s. Where a format of ours is free to choose, CRC-32 of
 * `node:zlib` is native and faster from about 500 bytes on; see docs/decisions/0006-log-writes.md.
 */

/** The polynomial 0x1EDC6F41 with its bits reversed. */
const polynomial = 0x82f63b78;

const tables = buildTables();

/**
 * Checksum of `bytes[start, end)`.
 *
 * @param seed the checksum of what came before, 0 at the start.
 * @returns an unsigned 32-bit integer.
 */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, seed = 0): number {
  let crc = ~seed;
  let at = start;
  for (; at + 8 <= end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      tables[0x700 | (crc & 255)]! ^
      tables[0x600 | ((crc >>> 8) & 255)]! ^
      tables[0x500 | ((crc >>> 16) & 255)]! ^
      tables[0x400 | (crc >>> 24)]! ^
      tables[0x300 | bytes[at + 4]!]! ^
      tables[0x200 | bytes[at + 5]!]! ^
      tables[0x100 | bytes[at + 6]!]! ^
      tables[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = tables[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Table k at 256 × k: the effect of a byte that is followed by k further bytes. */
function buildTables(): Int32Array {
  const table = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at++) {
    const shorter = table[at - 256]!;
    table[at] = (shorter >>> 8) ^ table[shorter & 255]!;
  }
  return table;
}
