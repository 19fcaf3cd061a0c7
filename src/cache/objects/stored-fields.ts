/**
 * Fields of a response as they lie in memory outside the heap: a table of rows, then lines as HTTP/1 writes them, so
 * that an encoder copies them at once, with a body that lies behind them.
 *
 *     count:u32  { name length:u16, id:u16, value length:u32 } ...  "name: value\r\n" ...  "\r\n"
 *
 * It is written and read by one process only, so it has no version.
 */
import { copyBytes } from '../../core/base/index.ts';
import { FIELD_STRIDE, type Fields, offsetIn } from '../../core/wire/index.ts';

const COUNT_BYTES = 4;
const ROW_BYTES = 8;
/** Colon, space and line end. */
const LINE_BYTES = 4;
const EMPTY_LINE_BYTES = 2;

/** Bytes that `putFields` writes. */
export function storedFieldsBytes({ at, count }: Fields): number {
  let bytes = COUNT_BYTES + EMPTY_LINE_BYTES;
  for (let row = 0; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    if (at[row + 4]! < 0) continue;
    bytes += ROW_BYTES + at[row + 1]! + at[row + 3]! + LINE_BYTES;
  }
  return bytes;
}

/** Writes the fields that have not been removed and returns the position behind them. `to` has room for all. */
export function putFields(to: Buffer, start: number, fields: Fields): number {
  const { at, count } = fields;
  let head = start + COUNT_BYTES;
  let kept = 0;
  for (let row = 0; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    if (at[row + 4]! < 0) continue;
    to.writeUInt16LE(at[row + 1]!, head);
    to.writeUInt16LE(at[row + 4]!, head + 2);
    to.writeUInt32LE(at[row + 3]!, head + 4);
    head += ROW_BYTES;
    kept++;
  }
  to.writeUInt32LE(kept, start);
  let end = head;
  for (let row = 0; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    if (at[row + 4]! < 0) continue;
    end = put(to, end, fields, at[row]!, at[row + 1]!);
    to[end++] = 0x3a;
    to[end++] = 0x20;
    end = put(to, end, fields, at[row + 2]!, at[row + 3]!);
    to[end++] = 0x0d;
    to[end++] = 0x0a;
  }
  to[end++] = 0x0d;
  to[end++] = 0x0a;
  return end;
}

/** Where the lines begin of what lies at `start`. */
export function linesStartOf(from: Buffer, start: number): number {
  return start + COUNT_BYTES + readU32(from, start) * ROW_BYTES;
}

/** Adds rows for what lies at `start`; they refer to `from`, so it must stay while the fields are used. */
export function readFields(from: Buffer, start: number, fields: Fields): void {
  const count = readU32(from, start);
  let row = start + COUNT_BYTES;
  let line = row + count * ROW_BYTES;
  fields.buf = from;
  fields.lines = true;
  for (let i = 0; i < count; i++, row += ROW_BYTES) {
    const nameLength = from[row]! | (from[row + 1]! << 8);
    const id = from[row + 2]! | (from[row + 3]! << 8);
    const valueLength = readU32(from, row + 4);
    fields.push(line, nameLength, line + nameLength + 2, valueLength, id);
    line += nameLength + valueLength + LINE_BYTES;
  }
}

function put(to: Buffer, at: number, fields: Fields, offset: number, length: number): number {
  copyBytes(fields.bytesAt(offset), offsetIn(offset), to, at, length);
  return at + length;
}

/** Below 2^31: no message is that long. */
function readU32(from: Buffer, at: number): number {
  return from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
}
