/** Whether bytes that were read are those that were written. */
import { crc32 } from 'node:zlib';
import { BLOCK_BYTES, blockSeed, blocksOf, tableBytes } from './format.ts';

/** Whether the checksums behind a body are right, by `end`. @param at where they begin. */
export function tableHolds(from: Buffer, at: number, bodyBytes: number, headSum: number): boolean {
  const sums = 4 * blocksOf(bodyBytes);
  if (from.length < at + tableBytes(bodyBytes)) return false;
  return from.readUInt32LE(at + sums) === crc32(from.subarray(at, at + sums), headSum);
}

/** Whether one block of a body is right. @param table the checksums, from `tableAt` on. */
export function blockHolds(
  block: Uint8Array,
  nth: number,
  headSum: number,
  table: Buffer,
  tableAt: number,
): boolean {
  return crc32(block, blockSeed(headSum, nth)) === table.readUInt32LE(tableAt + 4 * nth);
}

/** Whether a body that is there whole, its checksums behind it, is right. */
export function bodyHolds(from: Buffer, at: number, bodyBytes: number, headSum: number): boolean {
  const tableAt = at + bodyBytes;
  if (!tableHolds(from, tableAt, bodyBytes, headSum)) return false;
  for (let nth = 0; nth < blocksOf(bodyBytes); nth++) {
    const start = at + nth * BLOCK_BYTES;
    const block = from.subarray(start, Math.min(start + BLOCK_BYTES, tableAt));
    if (!blockHolds(block, nth, headSum, from, tableAt)) return false;
  }
  return true;
}
