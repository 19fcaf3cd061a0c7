/**
 * Lua values to MessagePack (github.com/msgpack/msgpack/blob/master/spec.md), with the choices of
 * lua-cmsgpack: whole numbers as integers, others as the shortest exact float, a table with the
 * keys 1..n as an array, nesting beyond 16 and functions as nil.
 */
import { LuaTable } from './table.ts';
import type { LuaValue } from './value.ts';
import { checkLength, tick, vm } from './vm.ts';

const NESTING_MAX = 16;
const HEAD_BYTES_MAX = 5;

const scratch = new DataView(new ArrayBuffer(9));

/** A format byte and `length` bytes of the scratch behind it, as a string. */
function framed(length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(scratch.getUint8(i));
  return text;
}

/** Format byte with a big-endian unsigned number of 1, 2 or 4 bytes. */
function head(format: number, bytes: 1 | 2 | 4, value: number): string {
  scratch.setUint8(0, format);
  if (bytes === 1) scratch.setUint8(1, value);
  else if (bytes === 2) scratch.setUint16(1, value);
  else scratch.setUint32(1, value);
  return framed(1 + bytes);
}

/** The encoding of one value. */
export function packValue(value: LuaValue, level: number): string {
  if (--vm.ticks < 0) tick();
  switch (typeof value) {
    case 'string':
      checkLength(value.length + HEAD_BYTES_MAX);
      return stringHead(value.length) + value;
    case 'boolean':
      return value ? '\xc3' : '\xc2';
    case 'number':
      return number(value);
    default:
      return value instanceof LuaTable && level < NESTING_MAX ? table(value, level) : '\xc0';
  }
}

function stringHead(length: number): string {
  if (length < 32) return String.fromCharCode(0xa0 | length);
  if (length <= 0xff) return head(0xd9, 1, length);
  return length <= 0xffff ? head(0xda, 2, length) : head(0xdb, 4, length);
}

function number(n: number): string {
  if (Number.isInteger(n) && n >= -(2 ** 63) && n < 2 ** 63) return integer(n);
  if (Math.fround(n) === n || Number.isNaN(n)) {
    scratch.setUint8(0, 0xca);
    scratch.setFloat32(1, n);
    // A NaN is not equal to its own float, so the reference writes it as a double.
    if (!Number.isNaN(n)) return framed(5);
  }
  scratch.setUint8(0, 0xcb);
  scratch.setFloat64(1, n);
  return framed(9);
}

function integer(n: number): string {
  if (n >= 0) {
    if (n <= 127) return String.fromCharCode(n);
    if (n <= 0xff) return head(0xcc, 1, n);
    if (n <= 0xffff) return head(0xcd, 2, n);
    return n <= 0xffffffff ? head(0xce, 4, n) : long(0xcf, n);
  }
  if (n >= -32) return String.fromCharCode(256 + n);
  if (n >= -128) return head(0xd0, 1, n);
  if (n >= -32768) return head(0xd1, 2, n);
  return n >= -(2 ** 31) ? head(0xd2, 4, n) : long(0xd3, n);
}

function long(format: number, n: number): string {
  scratch.setUint8(0, format);
  scratch.setBigInt64(1, BigInt(n));
  return framed(9);
}

function table(value: LuaTable, level: number): string {
  let count = 0;
  let most = 0;
  let list = true;
  for (const [key] of value.entries()) {
    count++;
    if (typeof key !== 'number' || key < 1 || !Number.isInteger(key)) list = false;
    else if (key > most) most = key;
  }
  if (list && most === count) return array(value, count, level);
  let text =
    count < 16
      ? String.fromCharCode(0x80 | count)
      : count <= 0xffff
        ? head(0xde, 2, count)
        : head(0xdf, 4, count);
  for (const [key, item] of value.entries()) {
    text = join(join(text, packValue(key, level + 1)), packValue(item, level + 1));
  }
  return text;
}

function array(value: LuaTable, count: number, level: number): string {
  let text =
    count < 16
      ? String.fromCharCode(0x90 | count)
      : count <= 0xffff
        ? head(0xdc, 2, count)
        : head(0xdd, 4, count);
  for (let i = 1; i <= count; i++) text = join(text, packValue(value.get(i), level + 1));
  return text;
}

/** Appends within the limit: one long string may stand in a table many times. */
function join(text: string, piece: string): string {
  checkLength(text.length + piece.length);
  return text + piece;
}
