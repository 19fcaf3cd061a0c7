/**
 * Fields of a response as they lie in memory outside the heap: a table of rows, then lines as HTTP/1 writes them, so
 * that an encoder copies them at once, with a body that lies behind them.
 *
 *     count:u32  { name length:u16, id:u16, value length:u32 } ...  "name: value\r\n" ...  "\r\n"
 *
 * On a disk it is the same without ids, which are this process' own (docs/formats/cache-segments.md, 'Fields').
 */
import { copyBytes } from '../../core/base/index.ts';
import { FIELD_STRIDE, type Fields, fieldIdOf, offsetIn } from '../../core/wire/index.ts';

const COUNT_BYTES = 4;
const ROW_BYTES = 8;
/** Colon, space and line end. */
const LINE_BYTES = 4;
const EMPTY_LINE_BYTES = 2;
const COLON = 0x3a;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;

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
    to[end++] = COLON;
    to[end++] = SPACE;
    end = put(to, end, fields, at[row + 2]!, at[row + 3]!);
    to[end++] = CR;
    to[end++] = LF;
  }
  to[end++] = CR;
  to[end++] = LF;
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

/** Copies what lies at `start`, `bytes` long, to where others read it: without ids. */
export function copyWithoutIds(
  from: Buffer,
  start: number,
  bytes: number,
  to: Buffer,
  at: number,
): void {
  copyBytes(from, start, to, at, bytes);
  const rowsEnd = linesStartOf(to, at);
  for (let row = at + COUNT_BYTES; row < rowsEnd; row += ROW_BYTES) {
    to[row + 2] = 0;
    to[row + 3] = 0;
  }
}

/** Gives the fields that lie at `start` their ids, where they are to be used from now on. */
export function putIds(to: Buffer, start: number): void {
  const count = readU32(to, start);
  let row = start + COUNT_BYTES;
  let line = row + count * ROW_BYTES;
  for (let i = 0; i < count; i++, row += ROW_BYTES) {
    const nameLength = to[row]! | (to[row + 1]! << 8);
    const id = fieldIdOf(to, line, nameLength);
    to[row + 2] = id & 0xff;
    to[row + 3] = id >>> 8;
    line += nameLength + readU32(to, row + 4) + LINE_BYTES;
  }
}

/** `readFields` of what has no ids. */
export function readFieldsWithoutIds(from: Buffer, start: number, fields: Fields): void {
  const before = fields.count;
  readFields(from, start, fields);
  const { at, count } = fields;
  for (let row = before * FIELD_STRIDE; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    at[row + 4] = fieldIdOf(from, at[row]!, at[row + 1]!);
  }
}

/** Whether what lies at `start`, `bytes` long, are fields: rows and lines that come out even. */
export function areFields(from: Buffer, start: number, bytes: number): boolean {
  const end = start + bytes;
  if (bytes < COUNT_BYTES + EMPTY_LINE_BYTES) return false;
  const count = from.readUInt32LE(start);
  if (count > bytes / (ROW_BYTES + LINE_BYTES)) return false;
  let row = start + COUNT_BYTES;
  let line = row + count * ROW_BYTES;
  for (let i = 0; i < count; i++, row += ROW_BYTES) {
    const nameEnd = line + (from[row]! | (from[row + 1]! << 8));
    const valueEnd = nameEnd + 2 + from.readUInt32LE(row + 4);
    if (valueEnd + 2 > end) return false;
    if (from[nameEnd] !== COLON || !isLineEnd(from, valueEnd)) return false;
    line = valueEnd + 2;
  }
  return line + EMPTY_LINE_BYTES === end && isLineEnd(from, line);
}

function isLineEnd(from: Buffer, at: number): boolean {
  return from[at] === CR && from[at + 1] === LF;
}

function put(to: Buffer, at: number, fields: Fields, offset: number, length: number): number {
  copyBytes(fields.bytesAt(offset), offsetIn(offset), to, at, length);
  return at + length;
}

/** Below 2^31: no message is that long. */
function readU32(from: Buffer, at: number): number {
  return from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24);
}
